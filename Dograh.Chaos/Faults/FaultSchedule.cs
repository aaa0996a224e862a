namespace Dograh.Chaos.Faults;

/// <summary>The faults of a run: three lanes, one each for the processes, PostgreSQL and Redis, so that faults meet each other.</summary>
/// <remarks>A lane deals its kinds like cards: each comes once before any comes again. The seed decides everything; nothing that happens does.</remarks>
internal static class FaultSchedule
{
    private static readonly TimeSpan ShortestGap = TimeSpan.FromSeconds(0.7);

    /// <summary>The kinds of each lane.</summary>
    public static IReadOnlyList<IReadOnlyList<FaultKind>> Lanes { get; } =
    [
        [.. Enum.GetValues<FaultKind>().Where(kind => kind < FaultKind.PostgresRestarted)],
        [.. Enum.GetValues<FaultKind>().Where(kind => kind is >= FaultKind.PostgresRestarted and < FaultKind.RedisFlushed)],
        [.. Enum.GetValues<FaultKind>().Where(kind => kind >= FaultKind.RedisFlushed)],
    ];

    /// <summary>Plans every lane.</summary>
    /// <param name="seed">What decides.</param>
    /// <param name="duration">When the last fault has begun at the latest.</param>
    public static IReadOnlyList<IReadOnlyList<PlannedFault>> Plan(int seed, TimeSpan duration) =>
        [.. Lanes.Select((kinds, lane) => Deal(new SeededChance(seed, lane), kinds, duration))];

    private static List<PlannedFault> Deal(SeededChance chance, IReadOnlyList<FaultKind> kinds, TimeSpan duration)
    {
        // An outage of 20 or 30 s is a third of a short run: there it is shorter.
        var longest = Math.Min(1, duration.TotalMinutes / 5);
        var planned = new List<PlannedFault>();
        var deck = new Queue<FaultKind>();
        var at = ShortestGap * 2;
        while (at < duration)
        {
            if (deck.Count == 0) deck = new Queue<FaultKind>(chance.Shuffle(kinds));
            var kind = deck.Dequeue();
            var lasts = Lasts(kind, longest, chance.NextDouble());
            planned.Add(new PlannedFault(at, kind, chance.Next(60), lasts));
            at += lasts + ShortestGap + TimeSpan.FromSeconds(1.5 * chance.NextDouble());
        }

        return planned;
    }

    private static TimeSpan Lasts(FaultKind kind, double longest, double random) => TimeSpan.FromSeconds(kind switch
    {
        FaultKind.WorkerFrozen => ChaosLimits.LeaseSeconds + 1 + (2 * random),
        FaultKind.PostgresAway => 2 + (18 * longest * random),
        FaultKind.RedisAway => 2 + (28 * longest * random),
        FaultKind.RedisSlow or FaultKind.RedisFull or FaultKind.RedisReadOnly => 3 + (7 * longest * random),
        FaultKind.PostgresLocked or FaultKind.PostgresDeadlocks or FaultKind.PostgresSerializes or FaultKind.PostgresTimesOut or FaultKind.PostgresReadOnly => 2 + (4 * longest * random),
        FaultKind.PostgresRestarted or FaultKind.RedisRestarted => 1,
        FaultKind.PostgresCut or FaultKind.PostgresCutMidStatement or FaultKind.RedisFlushed or FaultKind.RedisStale => 0.3,
        _ => 1.2,
    });
}
