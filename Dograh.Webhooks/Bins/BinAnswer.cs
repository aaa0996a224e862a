namespace Dograh.Webhooks.Bins;

/// <summary>How a bin answers a request.</summary>
/// <param name="Status">The status.</param>
/// <param name="DelayMs">How long to wait before.</param>
/// <param name="RetryAfterSeconds">What <c>Retry-After</c> says if it is no success; 0 for none.</param>
/// <param name="IsFailure">Whether it is one of those that were to fail.</param>
/// <param name="FailuresLeft">How many more are to.</param>
public sealed record BinAnswer(int Status, int DelayMs, int RetryAfterSeconds, bool IsFailure, long FailuresLeft);
