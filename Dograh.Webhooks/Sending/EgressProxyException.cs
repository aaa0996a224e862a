namespace Dograh.Webhooks.Sending;

/// <summary>The egress proxy gives no connection to the receiver: a transient failure that is not the receiver's.</summary>
/// <param name="what">What it did, as the rest of a sentence. Nothing that it said: a proxy's words are not a receiver's to be kept.</param>
internal sealed class EgressProxyException(string what) : Exception($"the egress proxy {what}");
