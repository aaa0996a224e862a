using System.Diagnostics;
using System.Text.RegularExpressions;
using Dograh.Standalone;
using Dograh.Tests.Scenarios;

namespace Dograh.Tests.Standalone;

/// <summary>The whole program as a newcomer starts it, and what happens when it or its parts are ended in every way.</summary>
public sealed partial class StandaloneProgramTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private readonly TemporaryFolder _folder = new();
    private readonly List<RunningProgram> _programs = [];

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (var program in _programs)
        {
            await program.DisposeAsync();
        }

        _folder.Dispose();
    }

    [Fact]
    public async Task The_demo_is_retried_and_delivered_and_a_second_start_finds_its_data_again()
    {
        var first = await StartAsync();
        Assert.Matches(@"receiver: attempt 1 arrived, answered 503\n(.*\n)*.*receiver: attempt 2 arrived, answered 503\n(.*\n)*.*receiver: attempt 3 arrived, answered 200\n(.*\n)*.*delivered after 3 attempts, in ", first.Output);
        Assert.Equal(0, await first.StopAsync(UnixSignal.Interrupt));
        Assert.Empty(Processes.Naming(_folder.Path));

        var second = await StartAsync();

        Assert.Contains("delivered after 3 attempts", second.Output, StringComparison.Ordinal);
        Assert.Equal(Fact(first, "API key"), Fact(second, "API key"));
        Assert.Equal(Fact(first, "Admin key"), Fact(second, "Admin key"));
        Assert.Equal(2, await CountDeliveriesAsync(second));
    }

    [Fact]
    public async Task A_webhook_to_a_bin_of_its_own_is_failed_as_told_and_arrives()
    {
        var program = await StartAsync();
        using var acme = new StackCaller(new Uri(Fact(program, "Console")), Fact(program, "API key").Split(' ')[0]);
        var bin = await acme.PostAsync("bins", new { name = "mine", fail_times = 1 });

        var delivery = await acme.CompleteAsync(await acme.AddWorkflowAsync(new Uri(bin.GetProperty("url").GetString()!)));
        await acme.ReachesAsync("succeeded", delivery);

        var got = await acme.GetAsync($"bins/{bin.GetProperty("id").GetString()}/requests");
        Assert.StartsWith("http://localhost:", bin.GetProperty("url").GetString(), StringComparison.Ordinal);
        Assert.Equal([(2, "valid"), (1, "valid")], got.GetProperty("items").EnumerateArray().Select(request => (request.GetProperty("attempt").GetInt32(), request.GetProperty("signature").GetString()!)));
    }

    [Fact]
    public async Task Keys_are_in_no_command_line_and_in_no_log()
    {
        var program = await StartAsync();

        Assert.All(Processes.Naming(""), line => Assert.DoesNotContain(Fact(program, "Admin key"), line, StringComparison.Ordinal));
        Assert.All(
            Directory.EnumerateFiles(_folder.Below("data/logs")),
            log => Assert.DoesNotContain(Fact(program, "Admin key"), LogFiles.ReadFrom(log, 0), StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_closed_terminal_stops_all_it_started_in_the_order_that_lets_each_finish()
    {
        var program = await StartAsync("--no-demo");
        Assert.NotEmpty(Processes.Naming(_folder.Path));

        Assert.Equal(0, await program.StopAsync(UnixSignal.HangUp));

        Assert.Empty(Processes.Naming(_folder.Path));
        Assert.DoesNotContain("starting it again", program.Output, StringComparison.Ordinal);
        Assert.Matches(@"Stopping\n.*worker 1 .*\n.*API .*\n.*(Garnet|redis-server) .*\n.*PostgreSQL ", program.Output);
    }

    [Fact]
    public async Task Killed_it_leaves_nothing_that_stops_the_next_start()
    {
        var killed = await StartAsync("--no-demo");
        killed.Kill();
        await killed.Exited;

        var next = await StartAsync("--no-demo");

        Assert.Equal(Fact(killed, "Admin key"), Fact(next, "Admin key"));
        Assert.Equal(0, await next.StopAsync(UnixSignal.Terminate));
        await Processes.EventuallyAsync(() => Task.FromResult(Processes.Naming(_folder.Path).Count == 0), "no process left");
    }

    [Fact]
    public async Task A_part_that_is_killed_is_reported_in_one_line_and_started_again()
    {
        var program = await StartAsync("--no-demo");
        var worker = WorkerPattern().Match(program.Output).Groups["id"].Value;

        using (var process = Process.GetProcessById(int.Parse(worker, System.Globalization.CultureInfo.InvariantCulture)))
        {
            process.Kill();
        }

        await Processes.EventuallyAsync(() => Task.FromResult(program.Output.Contains("worker 1           runs again", StringComparison.Ordinal)), "the worker runs again");
        Assert.Contains($"worker 1 (process {worker}) was killed; starting it again in 0.5 s (log: {_folder.Below("data/logs/worker-1.log")})\n", program.Output, StringComparison.Ordinal);
    }

    private async Task<RunningProgram> StartAsync(params string[] options)
    {
        var program = RunningProgram.Start(["--port", "0", "--data", _folder.Below("data"), .. options]);
        _programs.Add(program);
        await program.WaitForAsync("\nReady: http://localhost:", Patience);
        return program;
    }

    private static async Task<int> CountDeliveriesAsync(RunningProgram program)
    {
        using var api = new PublicApi(Fact(program, "Console"), Fact(program, "API key").Split(' ')[0]);
        var list = await api.DemandAsync(HttpMethod.Get, "deliveries?status=succeeded", null, TestContext.Current.CancellationToken);
        return list.GetProperty("items").GetArrayLength();
    }

    /// <summary>What stands behind a name in the summary.</summary>
    private static string Fact(RunningProgram program, string name) =>
        program.Output.Split('\n').First(line => line.StartsWith($"  {name} ", StringComparison.Ordinal))[(name.Length + 2)..].Trim();

    [GeneratedRegex(@"worker 1 +process (?<id>\d+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex WorkerPattern();
}
