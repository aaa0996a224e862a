namespace Dograh.Webhooks.Sending;

/// <summary>No address of the receiver may be connected to: a permanent failure.</summary>
public sealed class EgressDeniedException(string host) : Exception(EgressGuard.Refusal(host));
