using System.Text.Json;
using Dograh.Webhooks.Deliveries;

namespace Dograh.Api.Sending;

/// <summary>What came of a test, redacted and cut as an attempt's record is.</summary>
/// <param name="StatusCode">The receiver's answer; null if it gave none, or was not asked.</param>
/// <param name="DurationMs">How long it took.</param>
/// <param name="Error">What went wrong; null after a 2xx.</param>
/// <param name="ResponseHeaders">The answer's headers.</param>
/// <param name="ResponseBody">The beginning of its body.</param>
internal sealed record TestAnswerView(int? StatusCode, double DurationMs, string? Error, JsonElement? ResponseHeaders, string? ResponseBody)
{
    public static TestAnswerView Of(AttemptResult result) => result switch
    {
        AttemptResult.Attempted attempt => new TestAnswerView(
            attempt.StatusCode, Math.Round(attempt.Duration.TotalMilliseconds, 3), attempt.Error,
            attempt.ResponseHeaders is null ? null : JsonElement.Parse(attempt.ResponseHeaders), attempt.ResponseBody),
        AttemptResult.Unsendable unsendable => Unsent(unsendable.Reason),
        AttemptResult.Deferred { Error: { } error } => Unsent(error),
        AttemptResult.Deferred deferred => Unsent($"not sent just now: {Describe(deferred.WaitingFor)}"),
        _ => Unsent("not sent: the credential or the signing secrets cannot be read just now"),
    };

    private static TestAnswerView Unsent(string error) => new(StatusCode: null, DurationMs: 0, error, ResponseHeaders: null, ResponseBody: null);

    private static string Describe(string waitingFor) => waitingFor switch
    {
        WaitingReason.Circuit => "the receiver has failed too often of late (its circuit is open)",
        WaitingReason.Throttled => "the receiver asked for a pause (Retry-After)",
        WaitingReason.Credential => "the access token is still being fetched",
        _ => "the receiver has as many requests under way as it may have",
    };
}
