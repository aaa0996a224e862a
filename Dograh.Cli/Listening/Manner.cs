using Dograh.Webhooks.Receiver;

namespace Dograh.Cli.Listening;

/// <summary>How a receiver answers.</summary>
/// <param name="Status">With which status.</param>
/// <param name="Failures">But for so many first attempts of each webhook,</param>
/// <param name="FailureStatus">which are answered with this one.</param>
/// <param name="Delay">After how long.</param>
/// <param name="Verifier">Verifies signatures; null for whoever comes.</param>
internal sealed record Manner(int Status, int Failures, int FailureStatus, TimeSpan Delay, WebhookVerifier? Verifier);
