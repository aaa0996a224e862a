namespace Dograh.Tests.Model;

/// <summary>The model's clock: whole units, and how the real one is moved by as much.</summary>
/// <remarks>
/// <para>No statement knows what time it is but by <c>now()</c>, and each compares or adds only stored times with it: what they do depends on differences.
/// Taking a unit from every stored time of an organization therefore is the same as a unit passing, and nobody has to wait for it.</para>
/// <para>The real clock goes on meanwhile, by some seconds in a test. A unit is much longer than that, and every wait of the model is a whole
/// number of them, so a time that is due in the model is due by a little in the database and one that is not lacks most of a unit;
/// <see cref="MaxAge"/> lies half way between two units for the same reason. <see cref="LongestCase"/> holds that.</para>
/// </remarks>
internal static class ModelTime
{
    /// <summary>A unit in seconds; also the pace of a bulk replay, one delivery a unit.</summary>
    public const double UnitSeconds = 100;

    /// <summary>The longest that a test may take by the real clock.</summary>
    public static readonly TimeSpan LongestCase = TimeSpan.FromSeconds(UnitSeconds * 0.4);

    /// <summary>How long a claim lasts, in units.</summary>
    public const int Lease = 2;

    /// <summary>The deadline of an attempt, in seconds: part of the lease.</summary>
    public const double TimeoutSeconds = 10;

    /// <summary>The longest wait between attempts, in units.</summary>
    public const int MaxBackoff = 3;

    /// <summary>The greatest age at which a delivery may be deferred, in units.</summary>
    public const double MaxAge = 6.5;

    /// <summary>What a lease has beyond the attempt's deadline.</summary>
    public static readonly TimeSpan LeaseMargin = TimeSpan.FromSeconds((Lease * UnitSeconds) - TimeoutSeconds);

    /// <summary>The wait after the n-th failed attempt: the first is a unit, and each further one is twice as long.</summary>
    public static int Backoff(int failedAttempts) => Math.Min(1 << (failedAttempts - 1), MaxBackoff);

    /// <summary>Units as a span of time.</summary>
    public static TimeSpan Of(double units) => TimeSpan.FromSeconds(units * UnitSeconds);
}
