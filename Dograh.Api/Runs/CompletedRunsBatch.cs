using System.Text;
using System.Text.Json;
using Dograh.Api.Access;
using Dograh.Api.Http;
using Dograh.Webhooks.Idempotency;
using Dograh.Webhooks.Runs;
using Microsoft.AspNetCore.Mvc;
using Npgsql;

namespace Dograh.Api.Runs;

/// <summary>Up to 500 completed runs in one request: the good ones are stored in one transaction, each of the others says what is wrong with it.</summary>
internal static class CompletedRunsBatch
{
    private const int MaxRuns = 500;
    private const string KeyField = "idempotency_key";

    public static Task<IResult> Store(
        Caller caller, long id, JsonBody<BatchRequest> body, IdempotentRequest idempotent, RunIntake intake, HttpRequest request)
    {
        if (body.Value.Runs.ValueKind != JsonValueKind.Array) throw ApiProblemException.Unprocessable("runs", "must be an array of runs");
        var count = body.Value.Runs.GetArrayLength();
        if (count is 0 or > MaxRuns) throw ApiProblemException.Unprocessable("runs", $"must hold 1 to {MaxRuns} runs, not {count}");
        var items = body.Value.Runs.EnumerateArray().Select(Read).ToList();
        // Apart from the keys of whole batches, which a client may well give the same names.
        var path = $"{request.Path}#runs";

        return idempotent.RunAsync(caller, body.Bytes, async (_, connection, cancellationToken) =>
        {
            await ReserveKeysAsync(connection, caller, path, items, cancellationToken);
            var good = items.Where(item => item.IsToBeStored).ToList();
            var taken = await intake.StoreCompletedAsync(
                connection, caller.OrganizationId, id, good.Select(item => (item.Fields!, item.Completion!)).ToList(), cancellationToken)
                ?? throw ApiProblemException.NotFound("workflow");
            var next = 0;
            for (var i = 0; i < good.Count; i++)
            {
                if (taken.Refusals[i] is { } exceeded)
                {
                    // Its key stands for nothing: the run may come again.
                    good[i].Answer = Refused(Problems.Create(exceeded));
                    if (good[i].Key is { } unused) await IdempotencyStore.ReleaseAsync(connection, caller.OrganizationId, path, unused, cancellationToken);
                    continue;
                }

                var stored = taken.Outcomes[next++];
                good[i].Answer = new BatchItemView(StatusCodes.Status202Accepted, stored, Problem: null);
                if (good[i].Key is { } key)
                {
                    var outcome = JsonSerializer.Serialize(stored, ApiJson.Options);
                    await IdempotencyStore.CompleteAsync(
                        connection, caller.OrganizationId, path, key, StatusCodes.Status202Accepted, outcome, cancellationToken);
                }
            }

            foreach (var item in items) item.Answer ??= item.RepeatOf!.Answer!.Outcome is { } first ? Repeated(first) : item.RepeatOf.Answer;
            return new Answer(
                StatusCodes.Status207MultiStatus, new BatchView(items.Select(item => item.Answer!).ToList()), () => intake.ScheduleAsync(taken));
        });
    }

    private static Item Read(JsonElement element)
    {
        var item = new Item();
        var faults = new Faults();
        try
        {
            var run = ApiJson.Deserialize<RunRequest>(element);
            item.Fields = run.ToFields(faults);
            item.Completion = run.ToCompletion(faults);
            if (element.TryGetProperty(KeyField, out var key) && key.ValueKind != JsonValueKind.Null)
            {
                item.Key = key.ValueKind == JsonValueKind.String ? key.GetString() : null;
                if (item.Key is not { Length: > 0 and <= IdempotencyRecord.MaxKeyLength })
                {
                    faults.Add(KeyField, $"must be a string of 1 to {IdempotencyRecord.MaxKeyLength} characters");
                }

                faults.CheckText(KeyField, item.Key);
            }

            faults.ThrowIfAny();
            item.RequestHash = IdempotencyStore.Hash(Encoding.UTF8.GetBytes(element.GetRawText()));
        }
        catch (ApiProblemException e)
        {
            item.Answer = Refused(e.Status, e.Title, e.Message, e.Errors);
        }

        return item;
    }

    // In the order of the keys, so that two batches that share some wait for each other in one direction only.
    private static async Task ReserveKeysAsync(
        NpgsqlConnection connection, Caller caller, string path, List<Item> items, CancellationToken cancellationToken)
    {
        var firstOf = new Dictionary<string, Item>(StringComparer.Ordinal);
        foreach (var item in items.Where(item => item is { Answer: null, Key: not null }).OrderBy(item => item.Key, StringComparer.Ordinal))
        {
            if (firstOf.TryGetValue(item.Key!, out var first))
            {
                // Twice in one batch: the same run again, or a conflict.
                if (!first.RequestHash.AsSpan().SequenceEqual(item.RequestHash)) item.Answer = KeyConflict();
                else if (first.Answer is not null) item.Answer = first.Answer;
                else item.RepeatOf = first;
                continue;
            }

            var before = await IdempotencyStore.ReserveAsync(connection, caller.OrganizationId, path, item.Key!, item.RequestHash, cancellationToken);
            if (before is { Matches: false })
            {
                // Not the first of its key: another run of this batch may still be that.
                item.Answer = KeyConflict();
                continue;
            }

            firstOf[item.Key!] = item;
            if (before is not null) item.Answer = Repeated(JsonSerializer.Deserialize<RunOutcome>(before.ResponseBody, ApiJson.Options)!);
        }
    }

    private static BatchItemView Repeated(RunOutcome first) => new(
        StatusCodes.Status200OK,
        first with
        {
            Deliveries = first.Deliveries
                .Select(node => node.Outcome == NodeOutcome.Created ? node with { Outcome = NodeOutcome.Existing } : node).ToList(),
        },
        Problem: null);

    private static BatchItemView KeyConflict() =>
        Refused(StatusCodes.Status409Conflict, "Conflict", $"This {KeyField} was used before with another run.", errors: null);

    private static BatchItemView Refused(int status, string title, string detail, IReadOnlyDictionary<string, string[]>? errors) =>
        Refused(Problems.Create(status, title, detail, errors));

    private static BatchItemView Refused(ProblemDetails problem) => new(problem.Status!.Value, Outcome: null, problem);

    private sealed class Item
    {
        public RunFields? Fields { get; set; }

        public Completion? Completion { get; set; }

        public string? Key { get; set; }

        public byte[] RequestHash { get; set; } = [];

        /// <summary>The run of the same batch that this one is again.</summary>
        public Item? RepeatOf { get; set; }

        public BatchItemView? Answer { get; set; }

        public bool IsToBeStored => Answer is null && RepeatOf is null;
    }
}
