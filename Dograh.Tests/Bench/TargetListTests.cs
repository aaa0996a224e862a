using Dograh.Bench.Measuring;
using Dograh.Bench.Reports;

namespace Dograh.Tests.Bench;

public sealed class TargetListTests
{
    [Fact]
    public void Nothing_measured_is_neither_met_nor_missed()
    {
        Assert.All(TargetList.Evaluate(GivenReport.Of()), target => Assert.Equal((null, null), (target.Measured, target.Met)));
    }

    [Theory]
    [InlineData(500, true)]
    [InlineData(499, false)]
    public void A_ratio_is_between_the_medians_of_two_sides_of_a_scenario(double rate, bool met)
    {
        var report = GivenReport.Of(GivenReport.Scenario("drain", GivenReport.Side("limit", 900, 1000, 9000), GivenReport.Side("drain", 1, rate, 5000)));

        Assert.Equal(new TargetResult("drain / limit", "≥ 0.5", rate / 1000, met), Evaluate(report, "drain / limit"));
    }

    [Fact]
    public void The_limit_of_another_scenario_is_not_what_a_side_is_held_against()
    {
        var report = GivenReport.Of(
            GivenReport.Scenario("limit", GivenReport.Side("limit", 1000)), GivenReport.Scenario("drain", GivenReport.Side("drain", 600)));

        Assert.Null(Evaluate(report, "drain / limit").Met);
    }

    [Theory]
    [InlineData(2.5, true)]
    [InlineData(2.6, false)]
    public void A_target_that_is_a_ceiling_is_met_up_to_it(double milliseconds, bool met)
    {
        var report = GivenReport.Of(GivenReport.Scenario("latency", GivenReport.Measured("200/s", MetricNames.P50, milliseconds)));

        Assert.Equal(met, Evaluate(report, "latency at 200/s, p50, ms").Met);
    }

    [Theory]
    [InlineData(4000, true)]
    [InlineData(2999, false)]
    public void In_batches_ours_is_held_against_the_best_of_the_peers_that_were_measured(double rate, bool met)
    {
        var report = GivenReport.Of(GivenReport.Scenario(
            "peers", GivenReport.Side("end-to-end batch", rate), GivenReport.Side("BullMQ batch", 3000), GivenReport.Side("pg-boss batch", 900)));

        Assert.Equal(met, Evaluate(report, "end-to-end in batches / best peer in batches").Met);
    }

    [Fact]
    public void The_original_is_held_against_what_it_was_measured_at()
    {
        var report = GivenReport.Of(GivenReport.Scenario("end-to-end", GivenReport.Side("end-to-end", 3800)));

        Assert.Equal(200, TargetList.Evaluate(report).Single(target => target.Name.Contains("ARQ", StringComparison.Ordinal)).Measured);
    }

    private static TargetResult Evaluate(BenchReport report, string name) => TargetList.Evaluate(report).Single(target => target.Name == name);
}
