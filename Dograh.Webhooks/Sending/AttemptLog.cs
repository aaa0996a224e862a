using System.Buffers;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Redaction;
using Dograh.Webhooks.Rendering;

namespace Dograh.Webhooks.Sending;

/// <summary>Turns what a receiver answered into what is kept of it: short, redacted, and fit for PostgreSQL.</summary>
internal static class AttemptLog
{
    /// <summary>How much of a body is kept, in bytes of UTF-8.</summary>
    public const int MaxBodyBytes = 4 * 1024;

    private const int MaxBodyInErrorLength = 200;
    private const int MaxHeaderValueLength = 512;
    private const int MaxHeaders = 64;
    private const string Redacted = "[REDACTED]";

    // Used from start to end of one call, which waits for nothing.
    [ThreadStatic]
    private static ArrayBufferWriter<byte>? t_buffer;

    [ThreadStatic]
    private static Utf8JsonWriter? t_writer;

    /// <summary>The record of an attempt that was answered.</summary>
    public static AttemptResult.Attempted FromResponse(HttpResponseMessage response, AttemptCapture capture, DateTimeOffset now)
    {
        var statusCode = (int)response.StatusCode;
        // Redacted whole and cut afterwards: half a secret, its closing quote cut off, would not be known for one.
        var body = capture.BodyStart.Length == 0 ? "" : Clean(Encoding.UTF8.GetString(capture.BodyStart), capture.Secret);
        var succeeded = DeliveryTransitions.Classify(statusCode) == AttemptOutcome.Succeeded;
        return new AttemptResult.Attempted
        {
            StatusCode = statusCode,
            Error = succeeded ? null : FitError($"HTTP {statusCode}: {Shorten(body, MaxBodyInErrorLength)}"),
            RetryAfter = succeeded ? null : RetryAfter.Read(response.Headers, now),
            StartedAt = capture.StartedAt ?? now,
            Duration = capture.Duration,
            ResponseHeaders = DescribeHeaders(response, capture.Secret),
            ResponseBody = ShortenToBytes(body, MaxBodyBytes),
        };
    }

    /// <summary>The record of an attempt that had no HTTP response.</summary>
    public static AttemptResult.Attempted FromFailure(AttemptCapture capture, DateTimeOffset now, string error) => new()
    {
        // .NET quotes what it cannot read as HTTP, and a receiver may say there what it was told.
        Error = FitError(capture.Secret?.HideIn(error) ?? error),
        StartedAt = capture.StartedAt ?? now,
        Duration = capture.Duration,
    };

    /// <summary>A reason as <c>last_error</c> can hold it.</summary>
    public static string FitError(string error) => Shorten(Clean(error), WebhookDelivery.MaxErrorLength);

    /// <summary>An exception in words: the kind of failure, and the innermost message, which is the one that says something.</summary>
    public static string Describe(Exception exception)
    {
        var kind = exception is HttpRequestException { HttpRequestError: not HttpRequestError.Unknown } http
            ? http.HttpRequestError switch
            {
                HttpRequestError.NameResolutionError => "DNS",
                HttpRequestError.ConnectionError => "connection",
                HttpRequestError.SecureConnectionError => "TLS",
                HttpRequestError.InvalidResponse => "invalid response",
                HttpRequestError.ResponseEnded => "response ended",
                var other => other.ToString(),
            }
            : exception.GetType().Name;
        var innermost = exception;
        while (innermost.InnerException is { } inner) innermost = inner;
        return $"{kind}: {innermost.Message}";
    }

    // NUL is the one character that PostgreSQL's text cannot hold.
    private static string Clean(string text, KnownSecret? secret = null) =>
        text.Length == 0 ? "" : FailureMessage.Redact(secret?.HideIn(text) ?? text).Replace('\0', '\uFFFD');

    private static string Shorten(string text, int length)
    {
        if (text.Length <= length) return text;
        // Not between the halves of a surrogate pair: what is left would not be UTF-8.
        return text[..(char.IsHighSurrogate(text[length - 1]) ? length - 1 : length)];
    }

    private static string ShortenToBytes(string text, int bytes)
    {
        if (Encoding.UTF8.GetByteCount(text) <= bytes) return text;
        var buffer = new byte[bytes];
        Encoding.UTF8.GetEncoder().Convert(text, buffer, flush: false, out var charsUsed, out _, out _);
        return Shorten(text, charsUsed);
    }

    private static string DescribeHeaders(HttpResponseMessage response, KnownSecret? secret)
    {
        var buffer = t_buffer ??= new ArrayBufferWriter<byte>(1024);
        var writer = t_writer ??= new Utf8JsonWriter(buffer);
        buffer.ResetWrittenCount();
        writer.Reset(buffer);
        writer.WriteStartObject();
        var count = 0;
        Write(response.Headers.NonValidated);
        Write(response.Content.Headers.NonValidated);
        writer.WriteEndObject();
        writer.Flush();
        return Encoding.UTF8.GetString(buffer.WrittenSpan);

        // A name is either a response's or its content's, and in each collection once.
        void Write(HttpHeadersNonValidated headers)
        {
            foreach (var (name, values) in headers)
            {
                if (count++ >= MaxHeaders) return;
                writer.WriteString(Clean(name, secret), CustomHeaders.LooksSecret(name) ? Redacted : Shorten(Clean(values.ToString(), secret), MaxHeaderValueLength));
            }
        }
    }
}
