using Dograh.Bench;
using Dograh.Bench.Measuring;
using Dograh.Bench.Reports;
using Dograh.Bench.Scenarios;
using Spectre.Console;

namespace Dograh.Tests.Bench;

public sealed class TurnsTests : IDisposable
{
    private readonly List<string> _turns = [];
    private readonly CancellationTokenSource _stop = new();

    public void Dispose() => _stop.Dispose();

    [Fact]
    public async Task Sides_take_turns_round_by_round()
    {
        await RunAsync(SideOf("a"), SideOf("b") with { OnlyOnce = true }, SideOf("c"));

        Assert.Equal(["a", "b", "c", "a", "c", "a", "c"], _turns);
    }

    [Fact]
    public async Task A_side_that_breaks_is_reported_and_the_others_go_on()
    {
        var result = await RunAsync(SideOf("a"), new Side("broken", () => throw new BenchException("no luck")), SideOf("c"));

        Assert.Equal(["a", "tidied", "c", "a", "c", "a", "c"], _turns);
        Assert.Equal((true, "failed: no luck"), (result.Sides[1].Failed, result.Sides[1].NotMeasured));
        Assert.All([result.Sides[0], result.Sides[2]], side => Assert.Equal((false, 3), (side.Failed, side.Rounds.Count)));
    }

    [Fact]
    public async Task A_side_that_this_machine_cannot_run_is_named_with_the_reason_and_is_no_failure()
    {
        var result = await RunAsync(SideOf("a"), Side.Missing("b", "no node on this machine"));

        Assert.Equal(["a", "a", "a"], _turns);
        Assert.Equal((false, "no node on this machine"), (result.Sides[1].Failed, result.Sides[1].NotMeasured));
    }

    [Fact]
    public async Task Whoever_stops_it_waits_for_no_further_side()
    {
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => RunAsync(
            SideOf("a"),
            new Side("stopped", async () =>
            {
                await _stop.CancelAsync();
                throw new OperationCanceledException(_stop.Token);
            }),
            SideOf("c")));

        Assert.Equal(["a"], _turns);
    }

    private Side SideOf(string name) => new(name, () =>
    {
        _turns.Add(name);
        return Task.FromResult(new Sample { Count = 1, Seconds = 1 });
    });

    private async Task<ScenarioResult> RunAsync(params Side[] sides)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(TextWriter.Null) });
        return await new Turns(console, BenchSize.Smallest with { Rounds = 3 }, _stop.Token).RunAsync(new Scenario("some", "something", sides), () =>
        {
            _turns.Add("tidied");
            return Task.CompletedTask;
        });
    }
}
