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
        // Apart from the keys of whole batches, which a client may well give the same names.
        var path = $"{IdempotentRequest.PathOf(request)}#runs";
        var items = body.Value.Runs.EnumerateArray().Select(run => Read(run, caller, path)).ToList();

        return idempotent.RunAsync(caller, body.Bytes, async (_, connection, cancellationToken) =>
        {
            await ReserveKeysAsync(connection, items, cancellationToken);
            var good = items.Where(item => item.IsToBeStored).ToList();
            var taken = await intake.StoreCompletedAsync(
                connection, caller.OrganizationId, id, good.Select(item => (item.Fields!, item.Completion!)).ToList(), cancellationToken)
                ?? throw ApiProblemException.NotFound("workflow");
            var next = 0;
            for (var i = 0; i < good.Count; i++)
            {
                good[i].Answer = taken.Refusals[i] is { } exceeded
                    ? Refused(Problems.Create(exceeded))
                    : new BatchItemView(StatusCodes.Status202Accepted, taken.Outcomes[next++], Problem: null);
            }

            await KeepAnswersAsync(connection, good.Where(item => item.Key is not null).ToList(), cancellationToken);
            foreach (var item in items) item.Answer ??= item.RepeatOf!.Answer!.Outcome is { } first ? Repeated(first) : item.RepeatOf.Answer;
            return new Answer(
                StatusCodes.Status207MultiStatus, new BatchView(items.Select(item => item.Answer!).ToList()), () => intake.ScheduleAsync(taken));
        });
    }

    private static Item Read(JsonElement element, Caller caller, string path)
    {
        var item = new Item();
        var faults = new Faults();
        try
        {
            var run = ApiJson.Deserialize<RunRequest>(element);
            item.Fields = run.ToFields(faults);
            item.Completion = run.ToCompletion(faults);
            string? key = null;
            if (element.TryGetProperty(KeyField, out var given) && given.ValueKind != JsonValueKind.Null)
            {
                key = given.ValueKind == JsonValueKind.String ? given.GetString() : null;
                if (key is not { Length: > 0 and <= IdempotencyRecord.MaxKeyLength })
                {
                    faults.Add(KeyField, $"must be a string of 1 to {IdempotencyRecord.MaxKeyLength} characters");
                }

                faults.CheckText(KeyField, key);
            }

            faults.ThrowIfAny();
            if (key is not null) item.Key = new RequestKey(caller.OrganizationId, path, key, IdempotencyStore.Hash(Encoding.UTF8.GetBytes(element.GetRawText())));
        }
        catch (ApiProblemException e)
        {
            item.Answer = Refused(e.Status, e.Title, e.Message, e.Errors);
        }

        return item;
    }

    private static async Task ReserveKeysAsync(NpgsqlConnection connection, List<Item> items, CancellationToken cancellationToken)
    {
        var byKey = items.Where(item => item is { Answer: null, Key: not null }).GroupBy(item => item.Key!.Key, StringComparer.Ordinal).ToList();
        if (byKey.Count == 0) return;
        var before = await IdempotencyStore.ReserveAsync(connection, byKey.ConvertAll(twins => twins.First().Key!), cancellationToken);
        for (var i = 0; i < byKey.Count; i++)
        {
            var first = byKey[i].First();
            // Twice in one batch: the same run again, or a conflict; and any of them may be the run that was taken in before.
            var hash = before[i]?.RequestHash ?? first.Key!.RequestHash;
            foreach (var item in byKey[i])
            {
                if (!item.Key!.RequestHash.AsSpan().SequenceEqual(hash)) item.Answer = KeyConflict();
                else if (before[i] is { } answer) item.Answer = Repeated(JsonSerializer.Deserialize<RunOutcome>(answer.ResponseBody, ApiJson.Options)!);
                else if (item != first) item.RepeatOf = first;
            }
        }
    }

    // The key of a run that is refused stands for nothing: the run may come again.
    private static async Task KeepAnswersAsync(NpgsqlConnection connection, List<Item> keyed, CancellationToken cancellationToken)
    {
        var refused = keyed.Where(item => item.Answer!.Outcome is null).Select(item => item.Key!).ToList();
        if (refused.Count > 0) await IdempotencyStore.ReleaseAsync(connection, refused, cancellationToken);
        var kept = keyed.Where(item => item.Answer!.Outcome is not null)
            .Select(item => new KeptAnswer(item.Key!, StatusCodes.Status202Accepted, JsonSerializer.Serialize(item.Answer!.Outcome, ApiJson.Options))).ToList();
        if (kept.Count > 0) await IdempotencyStore.CompleteAsync(connection, kept, cancellationToken);
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

        public RequestKey? Key { get; set; }

        /// <summary>The run of the same batch that this one is again.</summary>
        public Item? RepeatOf { get; set; }

        public BatchItemView? Answer { get; set; }

        public bool IsToBeStored => Answer is null && RepeatOf is null;
    }
}
