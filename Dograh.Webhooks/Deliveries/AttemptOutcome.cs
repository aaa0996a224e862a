namespace Dograh.Webhooks.Deliveries;

/// <summary>The kinds of attempt outcome.</summary>
public enum AttemptOutcome
{
    /// <summary>A 2xx status line, whatever its body then did.</summary>
    Succeeded,

    /// <summary>Worth retrying.</summary>
    TransientFailure,

    /// <summary>Not worth retrying.</summary>
    PermanentFailure,
}
