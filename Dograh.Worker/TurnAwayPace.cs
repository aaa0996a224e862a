namespace Dograh.Worker;

/// <summary>How fast a worker claims what it can only turn away.</summary>
/// <remarks>
/// Where a delivery goes is learned by claiming it. Ten thousand of a receiver that hangs, claimed and given back as fast as PostgreSQL writes, take the machine
/// from everybody for seconds, and most of them are turned away before it is known that it hangs, to come back too soon. So what is turned away counts against
/// an allowance of <see cref="PerSecond"/>. While it is used up, the worker takes only what has become due just now, so that others need not wait for a backlog that
/// goes by; and while most of what it claims comes back, it claims little at a time, for a claim under way is what they wait for. What was turned away comes back
/// as due just now, and may use up the allowance for as long as its receiver hangs: so some of the backlog is taken every <see cref="LongestWait"/> in any case,
/// or what a sweep has put back would wait as long.
/// </remarks>
internal sealed class TurnAwayPace(TimeProvider time)
{
    /// <summary>So many a second in the long run: some 15 % of a core, for the worker and PostgreSQL together.</summary>
    public const int PerSecond = 1000;

    /// <summary>So many of a batch are expected to be turned away at most.</summary>
    public const int PerBatch = 32;

    /// <summary>After so long something of a backlog is taken in any case.</summary>
    public static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(0.25);

    // What has been used up beyond this is forgotten: it is no use to others that a backlog goes slowly long after.
    private static readonly TimeSpan MaxDebt = TimeSpan.FromSeconds(1);

    // The odd one that is turned away from a receiver which is merely busy makes nobody wait.
    private const int Allowance = 8;

    private static readonly TimeSpan Step = TimeSpan.FromSeconds(1) / PerSecond;

    private readonly Lock _lock = new();
    private readonly long _origin = time.GetTimestamp();
    private TimeSpan _paidUntil;
    private TimeSpan _backlogTakenAt;
    private int _turnedAway;
    private double _share;

    /// <summary>How long nothing of a backlog is to be taken; zero if it may be.</summary>
    public TimeSpan Wait
    {
        get
        {
            lock (_lock)
            {
                var now = Now;
                var wait = Shorter(_paidUntil - now - (Step * Allowance), _backlogTakenAt + LongestWait - now);
                return wait > TimeSpan.Zero ? wait : TimeSpan.Zero;
            }
        }
    }

    private TimeSpan Now => time.GetElapsedTime(_origin);

    /// <summary>How many to take at a time: all there is room for, unless most of them would be turned away.</summary>
    public int Limit(int room)
    {
        lock (_lock) return _share * room <= PerBatch ? room : (int)(PerBatch / _share);
    }

    /// <summary>Notes that it was looked for something of a backlog.</summary>
    public void BacklogTaken()
    {
        lock (_lock) _backlogTakenAt = Now;
    }

    /// <summary>Notes that so many are about to be claimed. Those of them that will be turned away, as far as can be told, count from now on: the next batch is
    /// taken while this one is claimed.</summary>
    public void Taken(int count)
    {
        if (count == 0) return;
        lock (_lock)
        {
            // Of the batch before this one, for the most part; the half of what was known before keeps it from jumping.
            _share = (0.5 * _share) + (0.5 * Math.Min(1, (double)_turnedAway / count));
            _turnedAway = 0;
            Pay(_share * count);
        }
    }

    /// <summary>Notes that a claim was given back without an attempt.</summary>
    public void TurnedAway()
    {
        lock (_lock)
        {
            _turnedAway++;
            Pay(1 - _share);
        }
    }

    private void Pay(double turnedAway)
    {
        var now = Now;
        _paidUntil = Shorter((_paidUntil > now ? _paidUntil : now) + (Step * turnedAway), now + MaxDebt);
    }

    private static TimeSpan Shorter(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
