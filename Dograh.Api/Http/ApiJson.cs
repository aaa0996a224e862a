using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dograh.Api.Http;

/// <summary>JSON as the API speaks it: snake case, UTF-8, unknown fields ignored.</summary>
internal static class ApiJson
{
    public static readonly JsonSerializerOptions Options = Configure(new JsonSerializerOptions(JsonSerializerDefaults.Web));

    public static JsonSerializerOptions Configure(JsonSerializerOptions options)
    {
        options.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
        options.PropertyNameCaseInsensitive = false;
        options.NumberHandling = JsonNumberHandling.Strict;
        // An answer holds what a body held, some levels deeper; a body itself is read with the parser's own limit of 64.
        options.MaxDepth = 128;
        // The answers are JSON, never pages: there is no need to escape what only HTML would mind.
        options.Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;
        options.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower));
        options.Converters.Add(new UtcTimeConverter());
        return options;
    }

    /// <summary>Reads an object.</summary>
    /// <exception cref="ApiProblemException">It is not of its shape: 422, with the field's path.</exception>
    public static T Deserialize<T>(JsonElement element) where T : class
    {
        if (element.ValueKind != JsonValueKind.Object) throw ApiProblemException.Unprocessable("", "must be a JSON object");
        try
        {
            return element.Deserialize<T>(Options)!;
        }
        catch (JsonException e)
        {
            throw ApiProblemException.Unprocessable(FieldOf(e.Path), "is not of the type that this field has");
        }
        catch (InvalidOperationException)
        {
            throw ApiProblemException.Unprocessable("", "a text holds half of a surrogate pair, which is not Unicode");
        }
    }

    /// <summary>A time as the answers have it: UTC, with a <c>Z</c> and the six digits that PostgreSQL keeps.</summary>
    public static string TextOf(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", System.Globalization.CultureInfo.InvariantCulture);

    // "$.runs[0].name" → "runs.0.name"
    private static string FieldOf(string? path) =>
        (path ?? "").TrimStart('$', '.').Replace("[", ".", StringComparison.Ordinal).Replace("]", "", StringComparison.Ordinal);

    /// <summary>See <see cref="TextOf"/>.</summary>
    private sealed class UtcTimeConverter : JsonConverter<DateTimeOffset>
    {
        public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDateTimeOffset();

        public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
            writer.WriteStringValue(TextOf(value));
    }
}
