using Dograh.Chaos.Faults;

namespace Dograh.Tests.Chaos;

public sealed class FaultScheduleTests
{
    private static readonly TimeSpan AMinute = TimeSpan.FromMinutes(1);

    [Fact]
    public void The_same_seed_is_the_same_schedule_and_another_one_is_another()
    {
        Assert.Equal(Flat(42), Flat(42));
        Assert.NotEqual(Flat(42), Flat(43));
        // The same on every machine and for ever: who has a seed has the run.
        Assert.Equal("PostgresSerializes", $"{FaultSchedule.Plan(42, AMinute)[1][0].Kind}");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(42)]
    [InlineData(20261124)]
    public void A_minute_has_every_kind_of_fault(int seed) =>
        Assert.Equal(Enum.GetValues<FaultKind>(), Flat(seed).Select(fault => fault.Kind).Distinct().Order());

    [Fact]
    public void Each_kind_is_in_one_lane_and_a_lane_has_one_fault_at_a_time()
    {
        Assert.Equal(Enum.GetValues<FaultKind>(), FaultSchedule.Lanes.SelectMany(kinds => kinds).Order());
        Assert.All(FaultSchedule.Plan(7, TimeSpan.FromMinutes(10)), lane =>
            Assert.All(lane.Zip(lane.Skip(1)), pair => Assert.True(pair.First.At + pair.First.Lasts < pair.Second.At)));
    }

    private static List<PlannedFault> Flat(int seed) => [.. FaultSchedule.Plan(seed, AMinute).SelectMany(lane => lane)];
}
