using Dograh.Worker;
using Microsoft.Extensions.Time.Testing;

namespace Dograh.Tests.Worker;

public sealed class TurnAwayPaceTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly TurnAwayPace _pace;

    public TurnAwayPaceTests() => _pace = new TurnAwayPace(_time);

    [Fact]
    public void Where_nothing_is_turned_away_nothing_is_held_back()
    {
        for (var batch = 0; batch < 100; batch++) _pace.Taken(256);

        Assert.Equal((256, TimeSpan.Zero), (_pace.Limit(256), _pace.Wait));
    }

    [Fact]
    public void The_odd_one_that_is_turned_away_holds_nothing_back()
    {
        for (var batch = 0; batch < 100; batch++)
        {
            _pace.Taken(256);
            for (var n = 0; n < 2; n++) _pace.TurnedAway();
            Assert.Equal((256, TimeSpan.Zero), (_pace.Limit(256), _pace.Wait));
            _time.Advance(TimeSpan.FromMilliseconds(20));
        }
    }

    [Fact]
    public void A_backlog_that_is_turned_away_is_taken_at_the_pace_in_small_batches()
    {
        var (turnedAway, started) = (0, _time.GetTimestamp());
        var batches = new List<int>();
        while (_time.GetElapsedTime(started) < TimeSpan.FromSeconds(10))
        {
            if (_pace.Wait is { Ticks: > 0 } wait) _time.Advance(wait);
            _pace.BacklogTaken();
            var batch = _pace.Limit(256);
            batches.Add(batch);
            _pace.Taken(batch);
            for (var n = 0; n < batch; n++) _pace.TurnedAway();
            turnedAway += batch;
        }

        Assert.InRange(turnedAway, 0.9 * 10 * TurnAwayPace.PerSecond, (10 * TurnAwayPace.PerSecond) + 512);
        Assert.All(batches.Skip(8), batch => Assert.InRange(batch, TurnAwayPace.PerBatch, TurnAwayPace.PerBatch * 1.1));
    }

    [Fact]
    public void What_was_turned_away_before_it_was_known_is_waited_for_and_then_all_is_as_it_was()
    {
        _pace.BacklogTaken();
        _pace.Taken(256);
        for (var n = 0; n < 256; n++) _pace.TurnedAway();
        Assert.InRange(_pace.Wait.TotalSeconds, 0.2, 0.26);

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(TimeSpan.Zero, _pace.Wait);
        for (var batch = 0; batch < 8; batch++) _pace.Taken(32);
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal((256, TimeSpan.Zero), (_pace.Limit(256), _pace.Wait));
    }

    [Fact]
    public void What_comes_back_for_ever_as_due_just_now_does_not_keep_the_backlog_from_being_taken()
    {
        var (looks, started) = (0, _time.GetTimestamp());
        while (_time.GetElapsedTime(started) < TimeSpan.FromSeconds(60))
        {
            if (_pace.Wait == TimeSpan.Zero)
            {
                looks++;
                _pace.BacklogTaken();
            }

            // Three thousand a second are taken fresh, and turned away.
            _pace.Taken(16);
            for (var n = 0; n < 16; n++) _pace.TurnedAway();
            _time.Advance(TimeSpan.FromSeconds(16 / 3000.0));
        }

        Assert.InRange(looks, 60 / TurnAwayPace.LongestWait.TotalSeconds * 0.9, 61 / TurnAwayPace.LongestWait.TotalSeconds);
    }

    [Fact]
    public void Of_any_number_that_were_turned_away_nothing_is_left_after_a_second()
    {
        _pace.Taken(60_000);
        for (var n = 0; n < 60_000; n++) _pace.TurnedAway();

        _time.Advance(TimeSpan.FromSeconds(1));

        for (var n = 0; n < 3; n++)
        {
            Assert.Equal(TimeSpan.Zero, _pace.Wait);
            _pace.BacklogTaken();
        }
    }

    [Fact]
    public void Whatever_is_expected_something_is_taken()
    {
        _pace.Taken(1);
        for (var n = 0; n < 1000; n++) _pace.TurnedAway();
        for (var batch = 0; batch < 20; batch++)
        {
            _pace.Taken(1);
            _pace.TurnedAway();
        }

        Assert.InRange(_pace.Limit(256), TurnAwayPace.PerBatch, 256);
        Assert.Equal(1, _pace.Limit(1));
    }
}
