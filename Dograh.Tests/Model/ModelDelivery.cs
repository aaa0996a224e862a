using Dograh.Webhooks.Deliveries;

namespace Dograh.Tests.Model;

/// <summary>What a delivery is, as the design tells it: its state, and what each event makes of it.</summary>
/// <remarks>
/// Written from the design's page on deliveries and from no statement of the product. Times are whole units of <see cref="ModelTime"/> counted from now, so
/// that a passing clock is an event like any other: <see cref="DueIn"/> falls and <see cref="Age"/> rises.
/// </remarks>
internal sealed record ModelDelivery
{
    /// <summary>More lost claims than this are poison.</summary>
    private const int MostLostClaims = 5;

    /// <summary>How many attempts the node grants, at first and with each replay.</summary>
    public required int AttemptsPerReplay { get; init; }

    public required int MaxAttempts { get; init; }

    public DeliveryStatus Status { get; init; } = DeliveryStatus.Pending;

    public int Attempts { get; init; }

    /// <summary>How often it was claimed, or its token spent: the fencing token.</summary>
    public int Claims { get; init; }

    public int LostClaims { get; init; }

    /// <summary>Who holds it, or held it last without a word.</summary>
    public string? LeasedBy { get; init; }

    /// <summary>When it is due, or when its lease ends; 0 and less is due.</summary>
    public int DueIn { get; init; }

    /// <summary>How long ago it was created or last replayed; less than 0 for a replay that is still to come.</summary>
    public int Age { get; init; }

    public bool IsReplayed { get; init; }

    public string? WaitingFor { get; init; }

    public int? LastStatusCode { get; init; }

    /// <summary>The attempts in order: <c>1:503 2:200</c>.</summary>
    public string Log { get; init; } = "";

    public bool IsDue => Status == DeliveryStatus.Pending && DueIn <= 0;

    /// <summary>Whether it waits for the turn that a bulk replay has given it.</summary>
    public bool WaitsForItsTurn => Status == DeliveryStatus.Pending && IsReplayed && DueIn > 0 && Age == -DueIn;

    /// <summary>A delivery as a run's first completion makes it.</summary>
    public static ModelDelivery Create(int attempts) => new() { AttemptsPerReplay = attempts, MaxAttempts = attempts };

    public ModelDelivery Pass(int units) => this with { DueIn = DueIn - units, Age = Age + units };

    /// <summary>A worker asks for it.</summary>
    public (ModelDelivery Next, ModelClaim Claim) ClaimFor(string worker)
    {
        if (!IsDue) return (this, ModelClaim.None);
        var lost = LeasedBy is null ? LostClaims : LostClaims + 1;
        var next = this with { Claims = Claims + 1, LostClaims = lost, WaitingFor = null };
        if (lost > MostLostClaims) return (next with { Status = DeliveryStatus.DeadLetter, LeasedBy = null }, ModelClaim.Poison);
        return (next with { LeasedBy = worker, DueIn = ModelTime.Lease }, new ModelClaim(Claims + 1, Attempts + 1, MaxAttempts));
    }

    /// <summary>A worker tells what came of its claim, be it the current one or an old one.</summary>
    /// <returns>Whether it counts.</returns>
    public (ModelDelivery Next, bool IsWritten) Tell(ModelClaim claim, ModelOutcome outcome)
    {
        if (outcome is ModelOutcome.Success)
        {
            return Status == DeliveryStatus.Succeeded ? (this, false) : (Attempted(200, DeliveryStatus.Succeeded), true);
        }

        var isCurrent = Status == DeliveryStatus.Pending && LeasedBy is not null && Claims == claim.Token;
        return isCurrent ? (Failed(claim, outcome), true) : (this, false);
    }

    public (ModelDelivery Next, bool IsWritten) Replay(int dueIn)
    {
        if (Status == DeliveryStatus.Pending) return (this, false);
        return (this with
        {
            Status = DeliveryStatus.Pending,
            MaxAttempts = Attempts + AttemptsPerReplay,
            Claims = Claims + 1,
            LostClaims = 0,
            DueIn = dueIn,
            Age = -dueIn,
            IsReplayed = true,
        }, true);
    }

    public (ModelDelivery Next, bool IsWritten) Cancel() => Status == DeliveryStatus.Pending
        ? (this with { Status = DeliveryStatus.Cancelled, LeasedBy = null, WaitingFor = null }, true)
        : (this, false);

    private ModelDelivery Failed(ModelClaim claim, ModelOutcome outcome) => outcome switch
    {
        ModelOutcome.Transient when claim.Attempt >= claim.MaxAttempts => Attempted(503, DeliveryStatus.DeadLetter),
        ModelOutcome.Transient => Attempted(503, DeliveryStatus.Pending) with { DueIn = ModelTime.Backoff(claim.Attempt) },
        ModelOutcome.Permanent => Attempted(410, DeliveryStatus.DeadLetter),
        ModelOutcome.Unsendable => this with { Status = DeliveryStatus.DeadLetter, LeasedBy = null },
        ModelOutcome.Deferred when Age > ModelTime.MaxAge => this with { Status = DeliveryStatus.DeadLetter, LeasedBy = null },
        ModelOutcome.Deferred deferred => this with { LeasedBy = null, DueIn = deferred.Units, WaitingFor = WaitingReason.Circuit },
        ModelOutcome.Released released => this with { LeasedBy = null, DueIn = released.Units },
        _ => throw new ArgumentOutOfRangeException(nameof(outcome)),
    };

    private ModelDelivery Attempted(int statusCode, DeliveryStatus status) => this with
    {
        Status = status,
        Attempts = Attempts + 1,
        // A late success may come after the last attempt was counted; it is logged under a number of its own.
        MaxAttempts = Math.Max(MaxAttempts, Attempts + 1),
        LeasedBy = null,
        WaitingFor = null,
        LastStatusCode = statusCode,
        Log = $"{Log} {Attempts + 1}:{statusCode}".TrimStart(),
    };
}
