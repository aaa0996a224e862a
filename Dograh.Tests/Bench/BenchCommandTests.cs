using System.CommandLine;
using Dograh.Bench;

namespace Dograh.Tests.Bench;

public sealed class BenchCommandTests
{
    [Fact]
    public async Task Without_arguments_all_but_the_micro_benchmarks_is_measured_in_full()
    {
        var settings = await ParseAsync("");

        Assert.Equal(["limit", "drain", "ingest", "end-to-end", "latency", "idle", "scale", "faults", "isolation", "peers", "backlog"], settings.Scenarios);
        Assert.Equal(new BenchSize(60_000, Rounds: 3, History: 1_000_000, Quick: false), settings.Size);
        Assert.Equal(60, settings.Minutes);
        Assert.Equal(Path.GetFullPath("bench-results"), settings.Output);
        Assert.Empty(settings.Environment);
    }

    [Fact]
    public async Task Each_option_is_taken()
    {
        var settings = await ParseAsync("micro drain --deliveries 500 --rounds 5 --history 0 --out elsewhere --set A=1 --set B=x=y --set A=2");

        Assert.Equal(["drain", "micro"], settings.Scenarios);
        Assert.Equal(new BenchSize(500, Rounds: 5, History: 0, Quick: false), settings.Size);
        Assert.Equal(Path.GetFullPath("elsewhere"), settings.Output);
        Assert.Equal(new Dictionary<string, string?> { ["A"] = "2", ["B"] = "x=y" }, settings.Environment);
    }

    [Fact]
    public async Task Quick_is_tiny_but_for_what_is_asked_for_by_name()
    {
        Assert.Equal(BenchSize.Smallest with { Rounds = 2 }, (await ParseAsync("limit --quick --rounds 2")).Size);
    }

    [Fact]
    public async Task A_soak_is_as_long_as_asked_and_not_part_of_all()
    {
        var settings = await ParseAsync("soak --minutes 90");

        Assert.Equal(["soak"], settings.Scenarios);
        Assert.Equal(90, settings.Minutes);
        Assert.DoesNotContain("soak", (await ParseAsync("all")).Scenarios);
    }

    [Fact]
    public async Task A_scenario_beside_all_is_added_to_it()
    {
        Assert.Contains("micro", (await ParseAsync("all micro")).Scenarios);
    }

    [Theory]
    [InlineData("drian", "'drian' is no scenario. There are limit, drain, ")]
    [InlineData("--rounds 0", "--rounds must be between 1 and 100.")]
    [InlineData("--deliveries 99", "--deliveries must be between 100 and 10000000.")]
    [InlineData("--deliveries many", "Cannot parse argument 'many' for option '--deliveries' as expected type 'System.Int32'.")]
    [InlineData("--history 10000001", "--history must be between 0 and 10000000.")]
    [InlineData("--set CONCURRENCY", "--set takes NAME=VALUE, not 'CONCURRENCY'.")]
    [InlineData("--set =3", "--set takes NAME=VALUE, not '=3'.")]
    [InlineData("--rounds", "'--rounds'")]
    public async Task A_bad_argument_is_named_and_nothing_is_started(string arguments, string complaint)
    {
        var error = new StringWriter();
        var started = false;
        var command = BenchCommand.Create(_ =>
        {
            started = true;
            return Task.FromResult(0);
        });

        var exitCode = await command.Parse(arguments).InvokeAsync(
            new InvocationConfiguration { Error = error, Output = TextWriter.Null }, TestContext.Current.CancellationToken);

        Assert.NotEqual(0, exitCode);
        Assert.Contains(complaint, error.ToString(), StringComparison.Ordinal);
        Assert.False(started);
    }

    private static async Task<BenchSettings> ParseAsync(string arguments)
    {
        BenchSettings? parsed = null;
        var command = BenchCommand.Create(settings =>
        {
            parsed = settings;
            return Task.FromResult(0);
        });
        Assert.Equal(0, await command.Parse(arguments).InvokeAsync(null, TestContext.Current.CancellationToken));
        return parsed!;
    }
}
