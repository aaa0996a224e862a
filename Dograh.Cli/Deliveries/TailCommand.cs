using System.CommandLine;
using Dograh.Cli.Output;
using Dograh.Client;

namespace Dograh.Cli.Deliveries;

/// <summary><c>dograh deliveries tail</c>: a line for whatever happens to deliveries, until Ctrl+C.</summary>
internal static class TailCommand
{
    public static Command Create(CommandLine line)
    {
        var filter = new FilterOptions();
        var interval = Moments.Duration("--interval", "How often to look; every second unless given");
        var command = new Command("tail", "Follow deliveries: new ones, attempts and states, as they come, until Ctrl+C.") { interval };
        filter.AddTo(command, withAnswers: false);
        line.Handle(command, call => FollowAsync(call, filter.Read(call), call.Get(interval) ?? TimeSpan.FromSeconds(1)));
        return command;
    }

    private static async Task<int> FollowAsync(Call call, DeliveryFilter filter, TimeSpan interval)
    {
        var watch = new DeliveryWatch(call.Client.Deliveries, filter);
        await watch.BeginAsync(call.Token);
        if (!call.Screen.IsJson) call.Screen.Advice("Following deliveries; Ctrl+C ends it.");
        var isAway = false;
        while (true)
        {
            await Task.Delay(interval, TimeProvider.System, call.Token);
            try
            {
                foreach (var delivery in await watch.LookAsync(call.Token))
                {
                    if (filter.Status is null || filter.Status == delivery.Status) Show(call.Screen, delivery);
                }

                if (isAway) call.Screen.Note("The server is back.");
                isAway = false;
            }
            catch (DograhException e) when (CliException.Of(e).ExitCode == ExitCodes.Unreachable)
            {
                // Whoever follows wants to see it come back.
                if (!isAway) call.Screen.Note($"{e.Message} Trying again.");
                isAway = true;
            }
        }
    }

    private static void Show(Screen screen, Delivery x)
    {
        if (screen.IsJson)
        {
            // The list's members only, whichever way it was read.
            screen.JsonEvent(new Delivery(
                x.Id, x.WorkflowRunId, x.WorkflowId, x.WebhookNodeId, x.WebhookName, x.EndpointUrl, x.HttpMethod, x.Status, x.AttemptCount, x.MaxAttempts, x.ScheduledFor,
                x.LastStatusCode, x.LastError, x.CredentialUuid, x.TraceId, x.CreatedAt, x.UpdatedAt, x.DeliveredAt, x.WaitingFor));
            return;
        }

        var what = x.AttemptCount == 0 ? "" : $"{x.AttemptCount}/{x.MaxAttempts} ";
        var answer = x.Status is "pending" or "dead_letter" && x.LastError?.TrimEnd(' ', ':') is { Length: > 0 } error ? $"{error} "
            : x.Status != "cancelled" && x.LastStatusCode is { } code ? $"{code} "
            : "";
        // The id stays whole, to be copied; what comes last gives way where the terminal is narrow.
        var rest = screen.Cut($"{what}{answer}{ListCommand.HostOf(x)}", besides: Words.Clock(x.UpdatedAt).Length + 36 + x.Status.Length + 3);
        screen.Markup($"[dim]{Words.Clock(x.UpdatedAt)}[/] {x.Id:D} {Words.StateMarkup(x.Status)} {Screen.Escape(rest)}");
    }
}
