using System.Globalization;
using System.Text.RegularExpressions;
using Dograh.Chaos.Accounts;
using Dograh.Chaos.Faults;
using Dograh.Chaos.Load;
using Dograh.Chaos.Stack;
using Dograh.Standalone;
using Npgsql;
using Spectre.Console;

namespace Dograh.Chaos;

/// <summary>One run of the program: load and faults, then quiet, then the account.</summary>
internal static partial class ChaosRun
{
    private const int Failed = 1;
    private const int Interrupted = 130;
    private const int MostListed = 40;
    private static readonly TimeSpan QuietLimit = TimeSpan.FromSeconds(150);

    /// <returns>The exit code: 0 if everything adds up.</returns>
    public static async Task<int> RunAsync(ChaosSettings settings, CancellationToken stop)
    {
        // As the reports of the benchmark: a pipe has no width.
        var console = AnsiConsole.Create(new AnsiConsoleSettings());
        if (!console.Profile.Out.IsTerminal) console.Profile.Width = 180;
        var folder = Directory.CreateTempSubdirectory("dograh-chaos-");
        // Passable, because PostgreSQL runs as another user where we are root.
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(folder.FullName, File.GetUnixFileMode(folder.FullName) | UnixFileMode.OtherExecute);
        var keeps = settings.KeepsFolder;
        try
        {
            var account = await RunAsync(settings, console, folder.FullName, stop);
            keeps |= account.Wrong.Count > 0;
            return account.Wrong.Count == 0 ? 0 : Failed;
        }
        catch (Exception) when (stop.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync("Stopped.");
            return Interrupted;
        }
        catch (Exception e) when (e is StandaloneException or IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync($"error: {e.Message}");
            return Failed;
        }
        finally
        {
            if (keeps) console.WriteLine($"The logs are in {folder.FullName}");
            else folder.Delete(recursive: true);
        }
    }

    private static async Task<Account> RunAsync(ChaosSettings settings, IAnsiConsole console, string folder, CancellationToken stop)
    {
        console.WriteLine($"Seed {settings.Seed}, {settings.Minutes.ToString(CultureInfo.InvariantCulture)} min. Starting PostgreSQL, Redis, {ChaosLimits.Apis} APIs, {ChaosLimits.Workers} workers and {MoodyReceivers.Moods.Count} receivers …");
        await using var receivers = await MoodyReceivers.StartAsync(settings.Seed, stop);
        await using var stack = await ChaosStack.StartAsync(folder, stop);
        var (key, workflows) = await stack.AddOrganizationAsync(receivers.Urls, stop);
        var ledger = new Ledger();
        using var load = new RunLoad(stack.ApiUrls, key, workflows, ledger, settings.Seed);
        using var noMoreRuns = CancellationTokenSource.CreateLinkedTokenSource(stop);
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var sending = load.RunAsync(noMoreRuns.Token, giveUp.Token);

        var reports = await InjectAllAsync(new FaultInjector(stack, receivers, stop), FaultSchedule.Plan(settings.Seed, TimeSpan.FromMinutes(settings.Minutes)), console, stop);

        await noMoreRuns.CancelAsync();
        console.WriteLine("No more faults, no more runs. Waiting for quiet …");
        giveUp.CancelAfter(QuietLimit);
        await sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Poll.UntilAsync(_ => IsQuietAsync(stack), QuietLimit, stop);
        foreach (var node in stack.Nodes.Where(node => node.HasEnded)) ledger.OddAnswers.Enqueue($"{node.Name} has ended by itself");

        var account = Account.Of(ledger, await stack.ReadDeliveriesAsync(), receivers.Receipts, reports.Sum(report => report.InFlight));
        Write(console, account, reports, receivers, ledger);
        return account;
    }

    private static async Task<IReadOnlyList<FaultReport>> InjectAllAsync(
        FaultInjector injector, IReadOnlyList<IReadOnlyList<PlannedFault>> lanes, IAnsiConsole console, CancellationToken stop)
    {
        var reports = new List<FaultReport>();
        var last = lanes.Max(lane => lane[^1].At);
        await Task.WhenAll(lanes.Select(async lane =>
        {
            foreach (var fault in lane)
            {
                var wait = fault.At - injector.Elapsed;
                if (wait > TimeSpan.Zero) await Task.Delay(wait, TimeProvider.System, stop);
                // A lane that was held up leaves out what no longer fits.
                if (injector.Elapsed > last + TimeSpan.FromSeconds(5)) return;
                var report = await InjectAsync(injector, fault);
                lock (reports)
                {
                    reports.Add(report);
                    console.WriteLine($"{report.At:mm\\:ss\\.f}  {Words(report.Kind)}: {report.Victim}{(report.Happened ? $", {report.InFlight} in flight" : ": did not come about")}");
                }
            }
        }));
        return reports;
    }

    private static async Task<FaultReport> InjectAsync(FaultInjector injector, PlannedFault fault)
    {
        var at = injector.Elapsed;
        try
        {
            return await injector.InjectAsync(fault);
        }
        catch (Exception e) when (e is NpgsqlException or System.Net.Sockets.SocketException)
        {
            // What this fault needs has another fault just now.
            return new FaultReport(at, fault.Kind, $"({e.GetType().Name})", 0, Happened: false);
        }
    }

    private static async Task<bool> IsQuietAsync(ChaosStack stack) => (await stack.ReadAsync<long>("SELECT count(*) FROM webhook_deliveries WHERE status = 'pending'"))[0] == 0;

    private static void Write(IAnsiConsole console, Account account, IReadOnlyList<FaultReport> reports, MoodyReceivers receivers, Ledger ledger)
    {
        var faults = new Table().Title("Faults").AddColumns("fault", "times", "in flight");
        foreach (var kind in reports.Where(report => report.Happened).GroupBy(report => report.Kind).OrderBy(group => group.Key))
        {
            faults.AddRow(Words(kind.Key), $"{kind.Count()}", $"{kind.Sum(report => report.InFlight)}");
        }

        console.Write(faults);
        var table = new Table().Title("Account").AddColumns("what", "count");
        table.AddRow("runs sent", $"{ledger.Runs.Count}");
        table.AddRow("requests sent again", $"{ledger.Retries}");
        table.AddRow("deliveries accepted with a 2xx", $"{account.Accepted}");
        table.AddRow("stored, but no client has heard of it", $"{account.Unacknowledged}");
        table.AddRow("succeeded", $"{account.Succeeded}");
        table.AddRow("dead letters", $"{account.DeadLettered}");
        table.AddRow("cancelled", $"{account.Cancelled}");
        table.AddRow("requests received", $"{receivers.Received}");
        table.AddRow("of these twice", $"{account.Duplicates} (at most {account.MostDuplicates} in flight at a fault)");
        table.AddRow("faults", $"{reports.Count(report => report.Happened)}");
        table.AddRow("wrong", $"{account.Wrong.Count}");
        console.Write(table);
        foreach (var wrong in account.Wrong.Take(MostListed)) console.WriteLine($"WRONG  {wrong}");
        if (account.Wrong.Count > MostListed) console.WriteLine($"WRONG  … and {account.Wrong.Count - MostListed} more");
        console.WriteLine(account.Wrong.Count == 0 ? "Nothing lost." : "The promise is broken.");
    }

    private static string Words(FaultKind kind) => Capital().Replace(kind.ToString(), match => match.Index == 0 ? match.Value : $" {match.Value.ToLowerInvariant()}");

    [GeneratedRegex("[A-Z]", RegexOptions.None, 1000)]
    private static partial Regex Capital();
}
