using System.CommandLine;
using Dograh.Cli.Output;
using Dograh.Client;
using Spectre.Console;
using Spectre.Console.Rendering;
using Table = Dograh.Cli.Output.Table;

namespace Dograh.Cli.Status;

/// <summary><c>dograh status</c>: how it goes, in one look or all the time.</summary>
internal static class StatusCommand
{
    private static readonly TimeSpan WatchInterval = TimeSpan.FromSeconds(2);

    public static Command Create(CommandLine line)
    {
        var window = new Option<string>("--window", "-w") { Description = "The window: 5m, 1h, 24h, 7d or 30d.", HelpName = "window", DefaultValueFactory = _ => "1h" };
        window.AcceptOnlyFromAmong("5m", "1h", "24h", "7d", "30d");
        var watch = new Option<bool>("--watch") { Description = "Go on showing it, until Ctrl+C." };
        var interval = Moments.Duration("--interval", "How often, with --watch; every 2 s unless given");
        var command = new Command("status", "Show how it goes: deliveries by state, what is due, how fast receivers accept, and whose circuits are open.") { window, watch, interval };
        line.Handle(command, async call =>
        {
            // A delivery's state is shown for whoever the key is: the operator is told for whom.
            var me = await call.Client.WhoAmIAsync(call.Token);
            if (call.Get(watch)) await WatchAsync(call, me, call.Get(window)!, call.Get(interval) ?? WatchInterval);
            else Show(call, me, await call.Client.Stats.GetAsync(call.Get(window), call.Token));
            return ExitCodes.Ok;
        });
        return command;
    }

    private static void Show(Call call, Me me, DeliveryStats stats)
    {
        if (call.Screen.IsJson)
        {
            call.Screen.Json(stats);
            return;
        }

        foreach (var line in Summary(call, me, stats)) call.Screen.Markup(line);
        if (stats.Endpoints.Count == 0) return;
        if (call.Screen.IsTerminal) call.Screen.Line();
        call.Screen.Show(Receivers(stats));
    }

    private static async Task WatchAsync(Call call, Me me, string window, TimeSpan interval)
    {
        if (call.Screen.IsJson || !call.Screen.IsTerminal)
        {
            while (true)
            {
                var stats = await TryGetAsync(call, window, call.Screen.Note);
                if (stats is not null && call.Screen.IsJson) call.Screen.JsonEvent(stats);
                else if (stats is not null) Show(call, me, stats);
                await Task.Delay(interval, TimeProvider.System, call.Token);
            }
        }

        await call.Screen.Terminal.Live(new Text("")).AutoClear(false).StartAsync(async live =>
        {
            var shown = (IRenderable)new Text("");
            while (true)
            {
                var fault = "";
                var stats = await TryGetAsync(call, window, text => fault = text);
                // What was last known stays beside the fault.
                if (stats is not null) shown = View(call, me, stats);
                live.UpdateTarget(fault.Length == 0 ? shown : new Rows(shown, new Markup($"[red]{Screen.Escape(fault)} Trying again.[/]")));
                await Task.Delay(interval, TimeProvider.System, call.Token);
            }
        });
    }

    // Whoever watches wants to see the server come back.
    private static async Task<DeliveryStats?> TryGetAsync(Call call, string window, Action<string> tell)
    {
        try
        {
            return await call.Client.Stats.GetAsync(window, call.Token);
        }
        catch (DograhException e) when (CliException.Of(e).ExitCode == ExitCodes.Unreachable)
        {
            tell(e.Message);
            return null;
        }
    }

    private static Rows View(Call call, Me me, DeliveryStats stats)
    {
        IRenderable[] lines = [.. Summary(call, me, stats).Select(line => new Markup(line)), new Text(""), Receivers(stats).ToRenderable(),
            new Text($"{Words.Time(TimeProvider.System.GetUtcNow())}  Ctrl+C ends this.", new Style(decoration: Decoration.Dim))];
        return new Rows(lines);
    }

    private static IEnumerable<string> Summary(Call call, Me me, DeliveryStats stats)
    {
        var counts = stats.Deliveries;
        yield return $"[bold]{Screen.Escape(me.Organization?.Name ?? "operator")}[/] at {Screen.Escape(call.Connection.Url.AbsoluteUri)}, the last {Screen.Escape(stats.Window)}";
        yield return $"Deliveries        [green]{counts.Succeeded:N0} succeeded[/], [yellow]{counts.Pending:N0} pending[/], "
            + $"{(counts.DeadLetter > 0 ? $"[red]{Words.Count(counts.DeadLetter, "dead letter", "dead letters")}[/]" : "no dead letters")}, {counts.Cancelled:N0} cancelled";
        yield return $"Attempts          {stats.Attempts:N0}, {Words.Percent(stats.SuccessRate)} succeeded, {Percentiles(stats.AttemptDurationMs)}";
        yield return $"Time to deliver   {Percentiles(stats.TimeToDeliverMs)}";
        yield return stats.OldestDueAgeSeconds > 0
            ? $"Due               the oldest for [yellow]{Words.Duration(TimeSpan.FromSeconds(stats.OldestDueAgeSeconds))}[/]"
            : "Due               nothing waits";
    }

    private static string Percentiles(Percentiles x) => x.P50 is null ? "nothing measured"
        : $"p50 {Words.Milliseconds(x.P50)}, p95 {Words.Milliseconds(x.P95)}, p99 {Words.Milliseconds(x.P99)}";

    private static Table Receivers(DeliveryStats stats)
    {
        var table = new Table(
            new Column("RECEIVER", CanBeCut: true), new Column("DELIVERIES", IsNumber: true), new Column("SUCCESS", IsNumber: true), new Column("P95", IsNumber: true), new Column("CIRCUIT"));
        foreach (var x in stats.Endpoints)
        {
            table.Add(
                x.Host, $"{x.Deliveries}", Words.Percent(x.SuccessRate), Words.Milliseconds(x.P95Ms),
                new Cell(x.Circuit, x.Circuit == "closed" ? (Style?)null : new Style(Color.Red)));
        }

        return table;
    }
}
