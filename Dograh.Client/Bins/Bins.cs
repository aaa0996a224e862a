using System.Text.Json;

namespace Dograh.Client;

/// <summary>A bin to make, or what to tell one: null leaves a field as it is.</summary>
/// <param name="Name">What its owner calls it.</param>
/// <param name="FailTimes">How many of the next requests to fail.</param>
/// <param name="FailStatus">What those are answered with.</param>
/// <param name="Status">What all others are answered with.</param>
/// <param name="DelayMs">How long each waits for its answer.</param>
/// <param name="RetryAfterSeconds">What <c>Retry-After</c> says in an answer that is no success; 0 for none.</param>
public sealed record BinSettings(
    string? Name = null, int? FailTimes = null, int? FailStatus = null, int? Status = null, int? DelayMs = null, int? RetryAfterSeconds = null);

/// <summary>A receiver for development.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">What its owner calls it.</param>
/// <param name="Url">Where to send to, by the host that the API was asked at.</param>
/// <param name="FailTimes">How many of the next requests it fails.</param>
/// <param name="FailStatus">What those are answered with.</param>
/// <param name="Status">What all others are answered with.</param>
/// <param name="DelayMs">How long each waits for its answer.</param>
/// <param name="RetryAfterSeconds">What <c>Retry-After</c> says in an answer that is no success; 0 for none.</param>
/// <param name="Received">How many requests have arrived, those included that are not kept any more.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="UpdatedAt">When it was last told something else.</param>
public sealed record Bin(
    Guid Id, string Name, string Url, long FailTimes, int FailStatus, int Status, int DelayMs, int RetryAfterSeconds, long Received, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);

/// <summary>A request that a bin got.</summary>
/// <param name="Number">1 for the bin's first, and so on.</param>
/// <param name="ReceivedAt">When it was stored.</param>
/// <param name="Method">The method.</param>
/// <param name="Path">The path as it came, percent-encoded.</param>
/// <param name="Query">The query as it came; null if there was none.</param>
/// <param name="Headers">The headers; a value that may be a secret is masked.</param>
/// <param name="Body">The body's text; null if it is none.</param>
/// <param name="BodyBase64">The body in base64 where it is no text.</param>
/// <param name="BodyLength">How long it was, in bytes.</param>
/// <param name="BodyIsCut">Whether only its beginning was kept.</param>
/// <param name="WebhookId">The header <c>webhook-id</c>.</param>
/// <param name="Attempt">The attempt's number, as the sender says.</param>
/// <param name="Signature"><c>valid</c>, or why it is not: <c>header_missing</c>, <c>timestamp_too_old</c>, <c>signature_wrong</c>, …</param>
/// <param name="Answered">How it was answered.</param>
public sealed record BinRequest(
    long Number, DateTimeOffset ReceivedAt, string Method, string Path, string? Query, JsonElement Headers, string? Body, string? BodyBase64, long BodyLength, bool BodyIsCut,
    string? WebhookId, int? Attempt, string Signature, BinAnswer Answered);

/// <summary>How a bin answered.</summary>
/// <param name="Status">The status.</param>
/// <param name="DelayMs">How long the answer was held back.</param>
public sealed record BinAnswer(int Status, int DelayMs);
