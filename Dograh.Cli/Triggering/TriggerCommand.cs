using System.CommandLine;
using Dograh.Cli.Deliveries;
using Dograh.Cli.Output;
using Dograh.Cli.Runs;
using Dograh.Client;

namespace Dograh.Cli.Triggering;

/// <summary><c>dograh trigger</c>: completes a sample run and follows its deliveries to their end.</summary>
internal static class TriggerCommand
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(0.5);

    public static Command Create(CommandLine line)
    {
        var workflow = new Argument<long>("workflow") { Description = "The workflow's id." };
        var file = new Option<string>("--file", "-f") { Description = "A run of your own, as 'runs complete' takes it, in place of the sample; - for the standard input.", HelpName = "file" };
        var context = new Option<string>("--context") { Description = "The gathered context, as a JSON object, in place of the sample's.", HelpName = "json" };
        var timeout = Moments.Duration("--timeout", "How long to follow the deliveries; 5 minutes unless given");
        var command = new Command("trigger", "Complete a sample run of a workflow and follow its deliveries until each has succeeded or failed for good.") { workflow, file, context, timeout };
        line.Handle(command, async call =>
        {
            var run = call.Get(file) is { } path ? (await RunFile.ReadAsync(path, call.Token)).Runs[0] : SampleRun.Create();
            if (call.Get(context) is { } given) run = run with { GatheredContext = RunFile.ReadObject(given) };
            var outcome = await call.Client.Runs.StoreCompletedAsync(call.Get(workflow), run, cancellationToken: call.Token);
            if (!call.Screen.IsJson) Tell(call.Screen, outcome);
            return await FollowAsync(call, outcome, call.Get(timeout) ?? TimeSpan.FromMinutes(5));
        });
        return command;
    }

    private static void Tell(Screen screen, RunOutcome outcome)
    {
        screen.Line($"Run {outcome.Id} is {outcome.Status}.");
        if (outcome.Deliveries.Count == 0) screen.Line("Its workflow has no webhook nodes: nothing is sent.");
        foreach (var node in outcome.Deliveries)
        {
            screen.Markup($"{Screen.Escape(node.WebhookNodeId)}: {(node.DeliveryId is { } id ? $"delivery {id:D}" : $"[yellow]{Screen.Escape(node.Outcome)}[/]")}{(node.Reason is { } reason ? $", {Screen.Escape(reason)}" : "")}");
        }
    }

    private static async Task<int> FollowAsync(Call call, RunOutcome outcome, TimeSpan timeout)
    {
        var followed = outcome.Deliveries.Where(node => node.DeliveryId is not null).ToDictionary(node => node.DeliveryId!.Value, _ => (Attempts: 0, Delivery: (DeliveryDetail?)null));
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            foreach (var (id, (told, before)) in followed.Where(x => x.Value.Delivery is null or { Status: "pending" }).ToList())
            {
                var delivery = await call.Client.Deliveries.GetAsync(id, call.Token);
                foreach (var attempt in delivery.Attempts.Where(attempt => attempt.Number > told)) Tell(call.Screen, delivery, attempt);
                if (delivery.Status != "pending") Tell(call.Screen, delivery);
                else if (delivery.AttemptCount > told || before is null) TellWaiting(call.Screen, delivery);
                followed[id] = (delivery.Attempts.Count == 0 ? told : delivery.Attempts.Max(attempt => attempt.Number), delivery);
            }

            var deliveries = followed.Values.Select(x => x.Delivery!).ToList();
            if (deliveries.TrueForAll(x => x.Status != "pending")) return End(call.Screen, outcome, deliveries);
            if (TimeProvider.System.GetElapsedTime(began) > timeout)
            {
                End(call.Screen, outcome, deliveries);
                throw new CliException(
                    ExitCodes.Failed, $"{Words.Count(deliveries.Count(x => x.Status == "pending"), "delivery is", "deliveries are")} still pending after {Words.Duration(timeout)}.",
                    "It goes on without being watched: see 'dograh deliveries show', or 'dograh doctor' if nothing moves.");
            }

            await Task.Delay(Interval, TimeProvider.System, call.Token);
        }
    }

    private static void Tell(Screen screen, DeliveryDetail delivery, Attempt attempt)
    {
        if (screen.IsJson)
        {
            screen.JsonEvent(new { @event = "attempt", delivery_id = delivery.Id, delivery.WebhookNodeId, attempt.Number, attempt.StatusCode, attempt.Error, attempt.DurationMs });
            return;
        }

        var isGood = attempt.StatusCode is >= 200 and < 300;
        screen.Markup($"{Screen.Escape(delivery.WebhookNodeId)}: attempt {attempt.Number} [{(isGood ? "green" : "yellow")}]{Screen.Escape(ShowCommand.Outcome(attempt))}[/] in {Words.Milliseconds(attempt.DurationMs)}");
    }

    private static void TellWaiting(Screen screen, DeliveryDetail delivery)
    {
        if (!screen.IsJson && ShowCommand.Waiting(delivery) is { } waiting) screen.Markup($"[dim]{Screen.Escape(delivery.WebhookNodeId)}: waits for {Screen.Escape(waiting)}[/]");
    }

    private static void Tell(Screen screen, DeliveryDetail delivery)
    {
        if (screen.IsJson)
        {
            screen.JsonEvent(new { @event = "ended", delivery_id = delivery.Id, delivery.WebhookNodeId, delivery.Status, delivery.AttemptCount, delivery.LastError });
            return;
        }

        var error = delivery.Status != "succeeded" && delivery.LastError is { } last ? $": {Screen.Escape(last)}" : "";
        screen.Markup($"{Screen.Escape(delivery.WebhookNodeId)}: {Words.StateMarkup(delivery.Status)} after {Words.Count(delivery.AttemptCount, "attempt", "attempts")}{error}");
    }

    private static int End(Screen screen, RunOutcome outcome, IReadOnlyList<DeliveryDetail> deliveries)
    {
        var succeeded = deliveries.Count(x => x.Status == "succeeded");
        var isWhole = succeeded == deliveries.Count && outcome.Deliveries.All(node => node.Outcome != "invalid");
        if (screen.IsJson) screen.JsonEvent(new { @event = "done", run_id = outcome.Id, deliveries = deliveries.Count, succeeded, invalid = outcome.Deliveries.Count(node => node.Outcome == "invalid") });
        else screen.Markup(isWhole ? $"[green]{succeeded} of {deliveries.Count} succeeded.[/]" : $"[red]{succeeded} of {outcome.Deliveries.Count(node => node.Outcome != "skipped")} succeeded.[/]");
        return isWhole ? ExitCodes.Ok : ExitCodes.Failed;
    }
}
