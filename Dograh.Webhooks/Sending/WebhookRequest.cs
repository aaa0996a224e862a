using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Text.Json;
using Dograh.Webhooks.Credentials;
using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Rendering;
using Dograh.Webhooks.Signing;
using Dograh.Webhooks.Telemetry;
using Dograh.Webhooks.Workflows;

namespace Dograh.Webhooks.Sending;

/// <summary>Builds the HTTP request of an attempt from the frozen row and the credential just resolved.</summary>
/// <remarks>Where two headers would carry the same name, compared without case: ours win, then the credential's, then custom ones.</remarks>
public static class WebhookRequest
{
    /// <summary>The product and version that deliveries are sent by.</summary>
    public static readonly string UserAgent = "Dograh-Webhooks/"
        + (typeof(WebhookRequest).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0");

    /// <summary>The media type of every body.</summary>
    public const string ContentType = "application/json";

    /// <summary>The header with the Unix seconds at which the attempt was sent.</summary>
    public const string TimestampHeader = "webhook-timestamp";

    /// <summary>The header with the signatures.</summary>
    public const string SignatureHeader = "webhook-signature";

    /// <summary>The header that tells a test from a delivery.</summary>
    public const string TestHeader = "X-Dograh-Test";

    /// <summary>What that header says of a test of a credential, and the body's <c>event</c>.</summary>
    public const string CredentialTest = "credential.test";

    /// <summary>What that header says of a test of a webhook node.</summary>
    public const string WorkflowTest = "workflow.test";

    /// <summary>What is said of a URL that is none.</summary>
    internal const string NotAbsolute = "the endpoint URL is not an absolute URL";

    private const string IdHeader = "webhook-id";
    private const string NoHeaders = "[]";

    // RFC 3986: unreserved, sub-delims, and what else stands in a path or a query; brackets too, which .NET sends as they are.
    private static readonly SearchValues<char> UrlCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@/?[]%");

    private static readonly UriCreationOptions AsWritten = new() { DangerousDisablePathAndQueryCanonicalization = true };

    private static volatile Tuple<long, string>? _timestamp;

    /// <summary>Builds the request.</summary>
    /// <param name="delivery">The claimed delivery.</param>
    /// <param name="credential">The credential's header; null if it has none.</param>
    /// <param name="guard">What URLs may be asked.</param>
    /// <exception cref="UnsendableException">The row's own data does not make a request; the message says what.</exception>
    public static HttpRequestMessage Build(ClaimedDelivery delivery, CredentialHeader? credential, EgressGuard guard) =>
        Build(delivery, credential, ParseUrl(delivery.EndpointUrl, guard));

    /// <summary>Reads a row's URL: what follows its host is sent to the letter where it is fit to be, and else as .NET encodes it, without a fragment.</summary>
    /// <exception cref="UnsendableException">It is none, or one that may not be asked; the message says which.</exception>
    public static Uri ParseUrl(string endpointUrl, EgressGuard guard)
    {
        // With a scheme: without one .NET looks for a file's path, and is not at its best over "//" and a stray character.
        if (!Uri.CheckSchemeName(endpointUrl.Split(':', 2)[0]) || !Uri.TryCreate(endpointUrl, UriKind.Absolute, out var url) || !url.IsAbsoluteUri || url.Host.Length == 0)
        {
            throw new UnsendableException(NotAbsolute);
        }

        return guard.FindFault(url) is { } fault ? throw new UnsendableException(fault) : Exactly(endpointUrl, url) ?? url;
    }

    // .NET resolves dots and decodes what needs no escape, and a receiver may sign or route by what its owner wrote. Scheme, host and port are those that were checked.
    private static Uri? Exactly(string endpointUrl, Uri url)
    {
        const string Slashes = "://";
        var begin = url.Scheme.Length + Slashes.Length;
        if (string.CompareOrdinal(endpointUrl, url.Scheme.Length, Slashes, 0, Slashes.Length) != 0) return null;
        var end = endpointUrl.AsSpan(begin).IndexOfAny("/\\?#");
        if (end <= 0 || endpointUrl[begin + end] != '/' || !IsWellFormed(endpointUrl.AsSpan(begin + end))) return null;
        return Uri.TryCreate(endpointUrl, AsWritten, out var exact) && exact.GetLeftPart(UriPartial.Authority) == url.GetLeftPart(UriPartial.Authority) ? exact : null;
    }

    private static bool IsWellFormed(ReadOnlySpan<char> pathAndQuery)
    {
        if (pathAndQuery.ContainsAnyExcept(UrlCharacters)) return false;
        for (int escape; (escape = pathAndQuery.IndexOf('%')) >= 0; pathAndQuery = pathAndQuery[(escape + 3)..])
        {
            if (escape + 2 >= pathAndQuery.Length || !char.IsAsciiHexDigit(pathAndQuery[escape + 1]) || !char.IsAsciiHexDigit(pathAndQuery[escape + 2])) return false;
        }

        return true;
    }

    /// <summary>Builds the request.</summary>
    /// <param name="delivery">The claimed delivery.</param>
    /// <param name="credential">The credential's header; null if it has none.</param>
    /// <param name="url">The delivery's URL, as <see cref="ParseUrl"/> has read it.</param>
    /// <exception cref="UnsendableException">The row's own data does not make a request; the message says what.</exception>
    public static HttpRequestMessage Build(ClaimedDelivery delivery, CredentialHeader? credential, Uri url)
    {
        var customHeaders = ReadCustomHeaders(delivery.CustomHeaders);
        var request = new HttpRequestMessage(ParseMethod(delivery.HttpMethod), url);
        try
        {
            if (HasBody(delivery.HttpMethod))
            {
                request.Content = new ByteArrayContent(delivery.Payload);
                request.Content.Headers.TryAddWithoutValidation("Content-Type", ContentType);
            }

            Add(request, "User-Agent", UserAgent);
            var id = delivery.DeliveryUuid.ToString("D");
            Add(request, IdHeader, id);
            Add(request, "X-Dograh-Delivery-Id", id);
            Add(request, "X-Dograh-Workflow-Run-Id", delivery.WorkflowRunId.ToString(CultureInfo.InvariantCulture));
            Add(request, "X-Dograh-Delivery-Attempt", delivery.AttemptNumber.ToString(CultureInfo.InvariantCulture));

            if (delivery.Test is { } test) Add(request, TestHeader, test);

            // Where spans are recorded the HTTP client writes this header, with its own span's id. Where none are, the receiver still gets the
            // trace of the request that completed the run.
            if (Activity.Current is null && DograhTelemetry.NewSpanOf(delivery.TraceParent) is { } traceParent) Add(request, "traceparent", traceParent);
            if (credential is null && customHeaders.Count == 0) return request;

            var taken = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
            if (credential is not null) AddForeign(request, taken, credential.Name, credential.Value, "the credential's header");
            foreach (var (name, value) in customHeaders)
            {
                AddForeign(request, taken, name, value, $"the custom header '{name}'");
            }

            return request;
        }
        catch
        {
            request.Dispose();
            throw;
        }
    }

    /// <summary>Signs a request at the moment of sending it: a receiver refuses what was signed too long ago.</summary>
    public static void Sign(HttpRequestMessage request, ClaimedDelivery delivery, SigningKeys keys, DateTimeOffset sentAt)
    {
        var timestamp = sentAt.ToUnixTimeSeconds();
        var signature = keys.Sign(delivery.DeliveryUuid, timestamp, HasBody(delivery.HttpMethod) ? delivery.Payload : []);
        request.Headers.TryAddWithoutValidation(TimestampHeader, TextOf(timestamp));
        request.Headers.TryAddWithoutValidation(SignatureHeader, signature);
    }

    // Thousands of requests are signed in the same second.
    private static string TextOf(long timestamp)
    {
        var last = _timestamp;
        if (last is null || last.Item1 != timestamp) _timestamp = last = Tuple.Create(timestamp, timestamp.ToString(CultureInfo.InvariantCulture));
        return last.Item2;
    }

    /// <summary>Whether the method carries a body.</summary>
    public static bool HasBody(string httpMethod) => httpMethod is "POST" or "PUT" or "PATCH";

    /// <summary>Reads a row's custom headers.</summary>
    /// <exception cref="UnsendableException">They are not of the shape in which we freeze them, or not Unicode.</exception>
    public static IReadOnlyList<(string Name, string Value)> ReadCustomHeaders(string json)
    {
        if (json == NoHeaders) return [];
        try
        {
            using var document = JsonDocument.Parse(json);
            return document.RootElement.EnumerateArray().Select(header => (ReadText(header, "key"), ReadText(header, "value"))).ToList();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new UnsendableException("the custom headers cannot be read");
        }
    }

    private static string ReadText(JsonElement header, string name) =>
        header.GetProperty(name).GetString() ?? throw new JsonException($"A custom header's {name} is null.");

    private static HttpMethod ParseMethod(string method)
    {
        try
        {
            var parsed = HttpMethod.Parse(method);
            // CONNECT would make a tunnel of the connection, TRACE would give our headers back: no webhook has them, whatever a row says.
            return WebhookNode.Methods.Contains(method) ? parsed : throw new UnsendableException("the method is not one that a webhook may have");
        }
        catch (Exception e) when (e is ArgumentException or FormatException)
        {
            throw new UnsendableException("the method is not one that HTTP allows");
        }
    }

    private static void AddForeign(HttpRequestMessage request, HashSet<string> taken, string name, string value, string described)
    {
        if (ReservedHeaders.Contains(name) || !taken.Add(name)) return;
        if (!CustomHeaders.IsLegalName(name)) throw new UnsendableException($"{described} has a name that HTTP does not allow");
        if (!ReservedHeaders.IsValidValue(value)) throw new UnsendableException($"{described} has a value with a control character");
        if (!Add(request, name, value)) throw new UnsendableException($"{described} is one that .NET does not send");
    }

    private static bool Add(HttpRequestMessage request, string name, string value)
    {
        if (request.Headers.TryAddWithoutValidation(name, value)) return true;
        // .NET sends what it takes for a content's header (Content-Language, say, or Expires) with a content only. A method without a body gets an empty one for it, of
        // which the receiver sees no more than its Content-Length of 0.
        request.Content ??= new ByteArrayContent([]);
        return request.Content.Headers.TryAddWithoutValidation(name, value);
    }
}
