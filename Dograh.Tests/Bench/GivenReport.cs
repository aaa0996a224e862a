using Dograh.Bench.Measuring;
using Dograh.Bench.Reports;

namespace Dograh.Tests.Bench;

/// <summary>Reports with what a test needs to be in them.</summary>
internal static class GivenReport
{
    public static BenchReport Of(params ScenarioResult[] scenarios) => new()
    {
        StartedAt = new DateTimeOffset(2026, 1, 5, 10, 11, 12, TimeSpan.Zero),
        Minutes = 3.5,
        Machine = new Machine("A <fast> & \"cheap\" CPU | x", Cores: 2, MemoryGiB: 8, "Linux"),
        Versions = new Dictionary<string, string> { [".NET"] = "10.0.0", ["PostgreSQL"] = "17.6" },
        Settings = new Dictionary<string, string> { ["deliveries"] = "60,000", ["ODD"] = "a|b" },
        Scenarios = scenarios,
    };

    public static ScenarioResult Scenario(string name, params SideResult[] sides) =>
        new() { Name = name, What = $"what {name} is", Sides = sides, Columns = [MetricNames.PerSecond, MetricNames.P99], Charted = MetricNames.PerSecond };

    /// <summary>A side whose rounds had these rates.</summary>
    public static SideResult Side(string name, params double[] rates) => new()
    {
        Name = name,
        Rounds = [.. rates.Select(rate => new Sample
        {
            Count = (long)rate,
            Seconds = 1,
            Processes = new Dictionary<string, ProcessUse> { ["worker"] = new(0.25, 120 * 1048576) },
            Database = new DatabaseUse(rate * 3000, Statements: rate / 100, rate / 50),
            Latency = new LatencySummary(1, 2, 3, 4),
        })],
    };

    /// <summary>A side of one round with one number.</summary>
    public static SideResult Measured(string name, string metric, double value) => new()
    {
        Name = name, Rounds = [new Sample { Count = 0, Seconds = 1, More = new Dictionary<string, double> { [metric] = value } }],
    };
}
