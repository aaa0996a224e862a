using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Dograh.Webhooks.Receiver;

/// <summary>A webhook as it came: its body is read once, as bytes. Take it as a parameter of the endpoint's handler in place of a body.</summary>
public sealed class Webhook
{
    /// <summary>The header that names the webhook: the same at every attempt.</summary>
    public const string IdHeader = "webhook-id";

    /// <summary>The header with the Unix seconds at which it was signed.</summary>
    public const string TimestampHeader = "webhook-timestamp";

    /// <summary>The header with the signatures.</summary>
    public const string SignatureHeader = "webhook-signature";

    private Webhook(string id, byte[] body) => (Id, Body) = (id, body);

    /// <summary>The value of <c>webhook-id</c>: the same at every attempt, so that it can be told whether it has been here before.</summary>
    public string Id { get; }

    /// <summary>The body's bytes.</summary>
    public ReadOnlyMemory<byte> Body { get; }

    /// <summary>Reads the body's JSON.</summary>
    public T? Read<T>(JsonSerializerOptions? options = null) => JsonSerializer.Deserialize<T>(Body.Span, options ?? JsonSerializerOptions.Web);

    /// <summary>Reads a request. It is not verified yet.</summary>
    public static async ValueTask<Webhook?> BindAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted).ConfigureAwait(false);
        return new Webhook(context.Request.Headers[IdHeader].ToString(), body.ToArray());
    }
}
