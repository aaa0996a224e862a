namespace Dograh.Bench;

/// <summary>How much is measured.</summary>
/// <param name="Deliveries">Deliveries of a drain; the other scenarios take a share of it.</param>
/// <param name="Rounds">How often each side takes its turn.</param>
/// <param name="History">Finished deliveries that lie beside the pending ones of <c>backlog</c>.</param>
/// <param name="Quick">Whether this is a smoke test, whose numbers mean nothing.</param>
internal sealed record BenchSize(int Deliveries, int Rounds, long History, bool Quick)
{
    /// <summary>What comes before the clock starts: compilers and caches are warm, connections open.</summary>
    /// <remarks>A service runs for weeks, but its compiler is at work for its first ten or twenty seconds under load. A quick run would all be warm-up.</remarks>
    public int WarmUp => Quick ? Deliveries / 40 : Deliveries * 2;

    /// <summary>How long an open loop or an idle stack is watched.</summary>
    /// <param name="usual">Seconds at full size; a smaller run takes its share.</param>
    public double Seconds(double usual) => Math.Clamp(usual * Deliveries / DefaultDeliveries, 1, usual);

    /// <summary>A share of the deliveries, for what is slower than a drain.</summary>
    /// <param name="usual">How many at full size.</param>
    /// <param name="least">How few at least.</param>
    public int Share(int usual, int least = 20) => Math.Max(least, (int)((long)usual * Deliveries / DefaultDeliveries));

    /// <summary>At 10,000 a second a drain of so many takes six seconds, long beside what comes and goes on a machine.</summary>
    public const int DefaultDeliveries = 60_000;

    public const int DefaultRounds = 3;

    public const long DefaultHistory = 1_000_000;

    /// <summary>What <c>--quick</c> takes.</summary>
    public static BenchSize Smallest { get; } = new(Deliveries: 4_000, Rounds: 1, History: 2_000, Quick: true);
}
