using Dograh.Webhooks.Receiver;

namespace Dograh.Cli.Listening;

/// <summary>A request that arrived, and what it was answered.</summary>
/// <param name="At">When.</param>
/// <param name="Method">The method.</param>
/// <param name="Path">The path and query.</param>
/// <param name="Headers">The headers as they came.</param>
/// <param name="Body">The body's bytes.</param>
/// <param name="Attempt">How many times its webhook has been here, with this one; null if it names no webhook.</param>
/// <param name="Verdict">What its signature is worth; null if nobody verifies.</param>
/// <param name="Status">What it was answered.</param>
internal sealed record Arrival(
    DateTimeOffset At, string Method, string Path, IReadOnlyList<KeyValuePair<string, string>> Headers, byte[] Body, int? Attempt, WebhookVerdict? Verdict, int Status)
{
    /// <summary>The first header of a name; null if there is none.</summary>
    public string? Header(string name) => Headers.FirstOrDefault(header => header.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Value;
}
