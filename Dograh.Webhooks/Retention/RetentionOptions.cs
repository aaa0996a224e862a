namespace Dograh.Webhooks.Retention;

/// <summary>How long what is finished, or was put on record, is kept; section <c>Retention</c>. Days may be fractions; 0 keeps for ever.</summary>
/// <remarks>What is pending is never removed, however old it is. ADR 13 says what is counted from when.</remarks>
public sealed class RetentionOptions
{
    /// <summary>The configuration section.</summary>
    public const string SectionName = "Retention";

    /// <summary>How long succeeded and cancelled deliveries are kept after they ended, with their attempts, and completed runs without any delivery left.</summary>
    /// <value>Default 30 days; 0 keeps them for ever.</value>
    public double Days { get; set; } = 30;

    /// <summary>How long dead letters are kept after they were parked: somebody may still want to replay them.</summary>
    /// <value>Default 90 days; 0 keeps them for ever.</value>
    public double DeadLetterDays { get; set; } = 90;

    /// <summary>How long the payloads of succeeded and cancelled deliveries are kept after these ended. Dead letters keep theirs.</summary>
    /// <value>Default 0: as long as the delivery.</value>
    /// <remarks>A delivery without its payload is still listed and counted, and cannot be replayed.</remarks>
    public double PayloadDays { get; set; }

    /// <summary>How long the audit log is kept.</summary>
    /// <value>Default 0: for ever.</value>
    public double AuditDays { get; set; }
}
