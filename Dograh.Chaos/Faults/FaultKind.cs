namespace Dograh.Chaos.Faults;

/// <summary>What goes wrong.</summary>
internal enum FaultKind
{
    WorkerKilledBeforeClaim,
    WorkerKilledAfterClaim,
    WorkerKilledMidRequest,
    WorkerKilledBeforeRecord,
    WorkerKilledDuringRecord,
    WorkerKilled,
    WorkerFrozen,
    ApiKilledBeforeCommit,
    ApiKilledAfterCommit,
    ApiKilledBeforeSchedule,
    ApiKilledBeforeAnswer,
    ApiKilled,

    PostgresRestarted,
    PostgresAway,
    PostgresCut,
    PostgresCutMidStatement,
    PostgresLocked,
    PostgresDeadlocks,
    PostgresSerializes,
    PostgresTimesOut,
    PostgresReadOnly,

    RedisFlushed,
    RedisRestarted,
    RedisAway,
    RedisSlow,
    RedisFull,
    RedisReadOnly,
    RedisStale,
}

/// <summary>A fault to come.</summary>
/// <param name="At">When, from the start.</param>
/// <param name="Kind">What.</param>
/// <param name="Target">To whom, as a number that is taken modulo how many there are.</param>
/// <param name="Lasts">For how long, where it lasts.</param>
internal sealed record PlannedFault(TimeSpan At, FaultKind Kind, int Target, TimeSpan Lasts);

/// <summary>A fault that happened.</summary>
/// <param name="At">When it began.</param>
/// <param name="Kind">What.</param>
/// <param name="Victim">To whom.</param>
/// <param name="InFlight">How many deliveries were being sent by those whom it hit: so many may be sent twice for it.</param>
/// <param name="Happened">False if what it waits for did not come about in time.</param>
internal sealed record FaultReport(TimeSpan At, FaultKind Kind, string Victim, int InFlight, bool Happened);
