using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Dograh.Webhooks.Bins;

namespace Dograh.Api.Bins;

/// <summary>A request bin.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">What its owner calls it.</param>
/// <param name="Url">Where to send to, by the host that this was asked at.</param>
/// <param name="FailTimes">How many of the next requests it fails.</param>
/// <param name="FailStatus">What those are answered with.</param>
/// <param name="Status">What all others are answered with.</param>
/// <param name="DelayMs">How long each waits for its answer.</param>
/// <param name="RetryAfterSeconds">What Retry-After says in an answer that is no success; 0 for none.</param>
/// <param name="Received">How many requests have arrived, those included that are not kept any more.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="UpdatedAt">When it was last told something else.</param>
internal sealed record BinView(
    Guid Id, string Name, string Url, long FailTimes, int FailStatus, int Status, int DelayMs, int RetryAfterSeconds, long Received, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt)
{
    public static BinView Of(RequestBin x, HttpRequest request) => new(
        x.Id, x.Name, $"{request.Scheme}://{request.Host}{BinReceiver.Path}/{x.Id:D}", Math.Max(0, x.FailThrough - x.Received), x.FailStatus, x.Status, x.DelayMs, x.RetryAfterSeconds, x.Received,
        x.CreatedAt, x.UpdatedAt);
}

/// <summary>A request that a bin got.</summary>
/// <param name="Number">1 for the bin's first, and so on.</param>
/// <param name="ReceivedAt">When it was stored.</param>
/// <param name="Method">The method.</param>
/// <param name="Path">The path as it came, percent-encoded.</param>
/// <param name="Query">The query as it came; null if there was none.</param>
/// <param name="Headers">The headers; a value that may be a secret is <c>[REDACTED]</c>.</param>
/// <param name="Body">The body's text; null if it is none.</param>
/// <param name="BodyBase64">The body in base64 where it is no text.</param>
/// <param name="BodyLength">How long it was, in bytes.</param>
/// <param name="BodyIsCut">Whether only its beginning was kept, 64 KiB.</param>
/// <param name="WebhookId">The header webhook-id.</param>
/// <param name="Attempt">The attempt's number, as the sender says.</param>
/// <param name="Signature">Whether the signature verifies with the secrets that the organization, or the delivery's node, signs with: one of <see cref="BinSignature"/>.</param>
/// <param name="Answered">How it was answered.</param>
internal sealed record BinRequestView(
    long Number, DateTimeOffset ReceivedAt, string Method, string Path, string? Query, JsonElement Headers, string? Body, string? BodyBase64, long BodyLength, bool BodyIsCut,
    string? WebhookId, int? Attempt, string Signature, BinAnswerView Answered)
{
    // A character of UTF-8 has four bytes at most, so that three may be what a cut has left of one.
    private const int MaxCutBytes = 3;

    public static BinRequestView Of(BinRequest x)
    {
        var isCut = x.BodyLength > x.Body.Length;
        var text = TextOf(x.Body, isCut);
        return new BinRequestView(
            x.Number, x.ReceivedAt, x.Method, x.Path, x.Query, JsonElement.Parse(x.Headers), text, text is null ? Convert.ToBase64String(x.Body) : null, x.BodyLength, isCut,
            x.WebhookId, x.Attempt, x.Signature, new BinAnswerView(x.AnsweredStatus, x.AnsweredDelayMs));
    }

    private static string? TextOf(byte[] body, bool isCut)
    {
        for (var left = 0; left <= (isCut ? MaxCutBytes : 0); left++)
        {
            if (Utf8.IsValid(body.AsSpan(0, body.Length - left))) return Encoding.UTF8.GetString(body, 0, body.Length - left);
        }

        return null;
    }
}

/// <summary>How a request was answered.</summary>
/// <param name="Status">The status.</param>
/// <param name="DelayMs">How long the answer was held back.</param>
internal sealed record BinAnswerView(int Status, int DelayMs);
