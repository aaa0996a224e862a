namespace Dograh.Webhooks.Deliveries;

/// <summary>A claim given back without an attempt.</summary>
/// <param name="Key">The delivery's key.</param>
/// <param name="Token">The claim's fencing token.</param>
/// <param name="DelaySeconds">When it is due again.</param>
/// <param name="WaitingFor">What it is deferred for, one of <see cref="WaitingReason"/>; null if it is merely released.</param>
/// <param name="Error">What goes into <c>last_error</c>; null to leave that as it is.</param>
public sealed record ReturnedClaim(DeliveryKey Key, long Token, double DelaySeconds, string? WaitingFor, string? Error = null);
