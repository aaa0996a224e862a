using System.CommandLine;
using Dograh.Cli.Output;
using Dograh.Client;

namespace Dograh.Cli.Runs;

/// <summary><c>dograh runs complete</c>: hands in what calls found out.</summary>
internal static class CompleteCommand
{
    public static Command Create(CommandLine line)
    {
        var run = new Argument<long?>("run") { Description = "The id of the run that was started before.", Arity = ArgumentArity.ZeroOrOne };
        var file = new Option<string>("--file", "-f") { Description = "The file with the run, or a list of runs, as the API takes them; - for the standard input.", HelpName = "file", Required = true };
        var workflow = new Option<long?>("--workflow", "-w") { Description = "The workflow whose completed run it is, where it was not started before.", HelpName = "id" };
        var key = new Option<string>("--idempotency-key")
        {
            Description = "Given again within a day, nothing is stored twice. Without one, each call makes its own.", HelpName = "key",
        };
        var command = new Command("complete", "Complete a run, which makes its webhooks: --workflow 7 -f run.json. A file with a list stores all of its runs.") { run, file, workflow, key };
        line.Handle(command, async call =>
        {
            if (call.Get(run) is null == call.Get(workflow) is null) throw CliException.Usage("Say either which run, or with --workflow whose completed run it is.");
            var runs = await RunFile.ReadAsync(call.Get(file)!, call.Token);
            foreach (var unknown in runs.Runs.SelectMany(x => x.Others?.Keys ?? []).Distinct()) call.Screen.Note($"The field {unknown} is not one that is known here; it goes along as it is.");
            if (call.Get(run) is { } id) return await CompleteAsync(call, id, runs, call.Get(key));
            return runs.IsList
                ? await StoreAsync(call, call.Get(workflow)!.Value, runs.Runs, call.Get(key) ?? $"{Guid.NewGuid():N}")
                : Show(call.Screen, await call.Client.Runs.StoreCompletedAsync(call.Get(workflow)!.Value, runs.Runs[0], call.Get(key), call.Token));
        });
        return command;
    }

    /// <summary>Shows what became of a run's webhook nodes.</summary>
    /// <returns>Whether each of them has a delivery, or wants none.</returns>
    public static int Show(Screen screen, RunOutcome outcome)
    {
        if (screen.IsJson) screen.Json(outcome);
        else
        {
            screen.Line($"Run {outcome.Id} is {outcome.Status}.");
            var table = new Table(new Column("NODE", CanBeCut: true), new Column("OUTCOME"), new Column("DELIVERY"), new Column("REASON", CanBeCut: true));
            foreach (var x in outcome.Deliveries) table.Add(x.WebhookNodeId, x.Outcome, x.DeliveryId is { } id ? $"{id:D}" : "–", x.Reason ?? "");
            if (outcome.Deliveries.Count > 0) screen.Show(table);
            else screen.Line("Its workflow has no webhook nodes.");
        }

        return outcome.Deliveries.Any(x => x.Outcome == "invalid") ? ExitCodes.Failed : ExitCodes.Ok;
    }

    private static async Task<int> CompleteAsync(Call call, long run, RunFile runs, string? key)
    {
        if (runs.IsList) throw CliException.Usage("A run that was started before is completed by one completion, not by a list.");
        return Show(call.Screen, await call.Client.Runs.CompleteAsync(run, runs.Runs[0], key, call.Token));
    }

    private static async Task<int> StoreAsync(Call call, long workflow, IReadOnlyList<RunRequest> runs, string key)
    {
        var keyed = runs.Select((x, i) => x.IdempotencyKey is null ? x with { IdempotencyKey = $"{key}-{i}" } : x).ToList();
        var items = new List<BatchItem>();
        try
        {
            await call.Screen.ProgressAsync("Storing runs", runs.Count, async advance =>
            {
                await foreach (var part in RunBatches.StoreAsync(call.Client.Runs, workflow, keyed, call.Token))
                {
                    items.AddRange(part);
                    advance(part.Count);
                }

                return items;
            });
        }
        catch (Exception e) when (e is DograhException or OperationCanceledException && items.Count > 0)
        {
            Show(call.Screen, items);
            call.Screen.Note($"{runs.Count - items.Count} of {runs.Count} were not handed in. Go on, without storing any twice, with: --idempotency-key {key}");
            throw;
        }

        Show(call.Screen, items);
        return items.TrueForAll(item => item.Outcome is { } outcome && outcome.Deliveries.All(x => x.Outcome != "invalid")) ? ExitCodes.Ok : ExitCodes.Failed;
    }

    private static void Show(Screen screen, IReadOnlyList<BatchItem> items)
    {
        if (screen.IsJson)
        {
            screen.Json(new { items });
            return;
        }

        var deliveries = items.Sum(item => item.Outcome?.Deliveries.Count(x => x.DeliveryId is not null) ?? 0);
        screen.Line($"{Words.Count(items.Count(item => item.Outcome is not null), "run", "runs")} stored, with {Words.Count(deliveries, "delivery", "deliveries")}.");
        for (var i = 0; i < items.Count; i++)
        {
            if (items[i].Problem is { } problem)
            {
                screen.Line($"Run {i + 1} was refused ({items[i].Status}): {problem.Detail ?? problem.Title}");
                foreach (var (field, faults) in problem.Errors ?? new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal))
                {
                    foreach (var fault in faults) screen.Line($"  {field} {fault}");
                }
            }

            foreach (var node in items[i].Outcome?.Deliveries.Where(x => x.Outcome == "invalid") ?? []) screen.Line($"Run {i + 1}, node {node.WebhookNodeId}: {node.Reason}");
        }
    }
}
