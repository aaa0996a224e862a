namespace Dograh.Webhooks.Sending;

/// <summary>A request cannot be built from a delivery: its own data is at fault, and another try would meet the same.</summary>
public sealed class UnsendableException(string reason) : Exception(reason);
