using Dograh.Chaos.Load;

namespace Dograh.Chaos.Accounts;

/// <summary>A delivery as PostgreSQL has it when all is quiet.</summary>
internal sealed record StoredDelivery(Guid Id, string Status, string Reference, int AttemptCount, int MaxAttempts, IReadOnlyList<int> AttemptNumbers, string? LastError);

/// <summary>The promise, held against what is known: what was accepted has arrived or is a dead letter (or was cancelled).</summary>
internal sealed record Account
{
    public required int Accepted { get; init; }

    public required int Unacknowledged { get; init; }

    public required int Succeeded { get; init; }

    public required int DeadLettered { get; init; }

    public required int Cancelled { get; init; }

    /// <summary>Attempts that were received more than once: by the same delivery and attempt number.</summary>
    public required int Duplicates { get; init; }

    /// <summary>How many there may be: what was in flight when a fault came.</summary>
    public required int MostDuplicates { get; init; }

    /// <summary>Whatever does not add up, each with the delivery's id.</summary>
    public required IReadOnlyList<string> Wrong { get; init; }

    /// <summary>Accounts for every delivery.</summary>
    /// <param name="ledger">What the clients know.</param>
    /// <param name="stored">What PostgreSQL has.</param>
    /// <param name="receipts">What the receivers know.</param>
    /// <param name="mostDuplicates">How many duplicates the faults excuse.</param>
    public static Account Of(Ledger ledger, IReadOnlyList<StoredDelivery> stored, IReadOnlyDictionary<Guid, IReadOnlyList<Receipt>> receipts, int mostDuplicates)
    {
        var wrong = new List<string>(ledger.OddAnswers.Select(answer => $"odd answer: {answer}"));
        var byId = stored.ToDictionary(delivery => delivery.Id);
        var accepted = ledger.Runs.SelectMany(run => run.Value.Deliveries.Keys).ToHashSet();
        foreach (var id in accepted.Where(id => !byId.ContainsKey(id))) wrong.Add($"{id}: was accepted with a 2xx and is not there");
        foreach (var id in receipts.Keys.Where(id => !byId.ContainsKey(id))) wrong.Add($"{id}: was received and is not there");
        foreach (var delivery in stored) Check(delivery, receipts.GetValueOrDefault(delivery.Id) ?? [], wrong);
        CheckRuns(ledger, stored, wrong);

        var duplicates = receipts.Values.Sum(requests => requests.Count - requests.Select(request => request.Attempt).Distinct().Count());
        if (duplicates > mostDuplicates) wrong.Add($"{duplicates} duplicates, but only {mostDuplicates} deliveries were in flight when a fault came");
        return new Account
        {
            Accepted = accepted.Count,
            Unacknowledged = stored.Count(delivery => !accepted.Contains(delivery.Id)),
            Succeeded = stored.Count(delivery => delivery.Status == "succeeded"),
            DeadLettered = stored.Count(delivery => delivery.Status == "dead_letter"),
            Cancelled = stored.Count(delivery => delivery.Status == "cancelled"),
            Duplicates = duplicates,
            MostDuplicates = mostDuplicates,
            Wrong = wrong,
        };
    }

    private static void Check(StoredDelivery delivery, IReadOnlyList<Receipt> requests, List<string> wrong)
    {
        var arrived = requests.Any(request => request.IsAccepted);
        switch (delivery.Status)
        {
            case "succeeded" when !arrived:
                wrong.Add($"{delivery.Id}: succeeded, but no receiver has answered 2xx");
                break;
            case "dead_letter" when arrived:
                wrong.Add($"{delivery.Id}: a dead letter ({delivery.LastError}), but its receiver has answered 2xx");
                break;
            case "succeeded" or "dead_letter" or "cancelled":
                break;
            default:
                wrong.Add($"{delivery.Id}: has not ended, it is {delivery.Status}");
                break;
        }

        if (!delivery.AttemptNumbers.SequenceEqual(Enumerable.Range(1, delivery.AttemptCount)))
        {
            wrong.Add($"{delivery.Id}: {delivery.AttemptCount} attempts, but logged are {string.Join(", ", delivery.AttemptNumbers)}");
        }

        if (delivery.AttemptCount > delivery.MaxAttempts) wrong.Add($"{delivery.Id}: {delivery.AttemptCount} attempts of {delivery.MaxAttempts}");
        if (requests.Select(request => request.BodyHash).Distinct().Count() > 1) wrong.Add($"{delivery.Id}: its body was not the same at every attempt");
    }

    private static void CheckRuns(Ledger ledger, IReadOnlyList<StoredDelivery> stored, List<string> wrong)
    {
        var byReference = stored.ToLookup(delivery => delivery.Reference);
        foreach (var (reference, run) in ledger.Runs)
        {
            var ids = byReference[reference].Select(delivery => delivery.Id).ToList();
            if (ids.Count > 1) wrong.Add($"{reference}: was stored {ids.Count} times: {string.Join(", ", ids)}");
            if (run.Deliveries.Count > 1) wrong.Add($"{reference}: was answered with {run.Deliveries.Count} deliveries: {string.Join(", ", run.Deliveries.Keys)}");
            if (run.HasKey && run.Deliveries.IsEmpty) wrong.Add($"{reference}: was sent again and again, and never answered 2xx");
        }
    }
}
