using System.Reflection;
using System.Text.Json;
using System.Text.Unicode;
using Microsoft.AspNetCore.Http.Metadata;

namespace Dograh.Api.Http;

/// <summary>A request's JSON body: read once, its bytes kept for the idempotency key's hash.</summary>
/// <remarks>
/// In place of the framework's own binding, which answers 400 to everything: here malformed JSON is 400, a well-formed body of the wrong shape
/// 422 with the field's path, another content type 415 and too large a body 413. No body at all is an empty object.
/// </remarks>
internal sealed class JsonBody<T> : IEndpointParameterMetadataProvider where T : class
{
    private static readonly byte[] EmptyObject = "{}"u8.ToArray();

    private JsonBody(T value, JsonElement element, byte[] bytes) => (Value, Element, Bytes) = (value, element, bytes);

    public T Value { get; }

    /// <summary>The body as it was parsed; valid for as long as anyone holds it.</summary>
    public JsonElement Element { get; }

    public byte[] Bytes { get; }

    public static async ValueTask<JsonBody<T>> BindAsync(HttpContext context)
    {
        var bytes = await ReadAsync(context.Request, context.RequestAborted);
        // The parser looks into texts only when they are asked for: too late for a body that is stored as it came.
        if (!Utf8.IsValid(bytes)) throw ApiProblemException.Malformed("The body is not UTF-8.");
        JsonElement element;
        try
        {
            element = JsonElement.Parse(bytes);
        }
        catch (JsonException e)
        {
            throw ApiProblemException.Malformed($"The body is not JSON: {e.Message}");
        }

        RefuseHalfSurrogates(bytes);
        return new JsonBody<T>(ApiJson.Deserialize<T>(element), element, bytes);
    }

    public static void PopulateMetadata(ParameterInfo parameter, EndpointBuilder builder) =>
        builder.Metadata.Add(new AcceptsMetadata(["application/json"], typeof(T)));

    private static async Task<byte[]> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        using var buffer = new MemoryStream(request.ContentLength is { } length and <= 1 << 20 ? (int)length : 1024);
        try
        {
            await request.Body.CopyToAsync(buffer, cancellationToken);
        }
        catch (BadHttpRequestException e) when (e.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            throw new ApiProblemException(e.StatusCode, "Body too large", "The body is larger than this API takes (Api:MaxBodyBytes).");
        }

        if (buffer.Length == 0) return EmptyObject;
        if (!request.HasJsonContentType())
        {
            throw new ApiProblemException(
                StatusCodes.Status415UnsupportedMediaType, "Unsupported media type", "The body must be application/json, and Content-Type must say so.");
        }

        return buffer.ToArray();
    }

    // JSON's grammar allows "\ud800" alone, but it is no Unicode text: nothing could write it out again as UTF-8.
    private static void RefuseHalfSurrogates(byte[] bytes)
    {
        if (bytes.AsSpan().IndexOf("\\ud"u8) < 0 && bytes.AsSpan().IndexOf("\\uD"u8) < 0) return;
        var reader = new Utf8JsonReader(bytes);
        try
        {
            while (reader.Read())
            {
                if (reader.ValueIsEscaped) _ = reader.GetString();
            }
        }
        catch (InvalidOperationException)
        {
            throw ApiProblemException.Unprocessable("", "a text holds half of a surrogate pair, which is not Unicode");
        }
    }
}
