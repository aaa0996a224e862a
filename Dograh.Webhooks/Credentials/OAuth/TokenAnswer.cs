using System.Globalization;
using System.Text.Json;

namespace Dograh.Webhooks.Credentials.OAuth;

/// <summary>Reads what a token endpoint answers (RFC 6749, 5.1 and 5.2). It is a stranger's text: nothing of it is repeated but codes that the standard has.</summary>
public static class TokenAnswer
{
    /// <summary>The longest answer that is read, in bytes.</summary>
    public const int MaxBytes = 64 * 1024;

    /// <summary>The longest token that is taken, in characters: some headers have to go with it.</summary>
    public const int MaxTokenLength = 16 * 1024;

    /// <summary>How long a token is taken to last that does not say so.</summary>
    public static readonly TimeSpan DefaultLifetime = TimeSpan.FromMinutes(5);

    // Nobody wants to wait longer for what the endpoint has changed its mind about.
    private static readonly TimeSpan MaxLifetime = TimeSpan.FromDays(1);

    private static readonly HashSet<string> ErrorCodes = new(StringComparer.Ordinal)
    {
        "invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope", "invalid_target", "access_denied",
        "temporarily_unavailable", "server_error",
    };

    /// <summary>Reads a successful answer.</summary>
    /// <param name="body">Its body.</param>
    /// <param name="fault">What is wrong with it, if it holds no usable token.</param>
    /// <returns>The token and how long it lasts; null if it holds none that can be used.</returns>
    public static (string Token, TimeSpan Lifetime)? Read(ReadOnlyMemory<byte> body, out string? fault)
    {
        fault = null;
        try
        {
            using var document = JsonDocument.Parse(body);
            var answer = document.RootElement;
            if (answer.ValueKind != JsonValueKind.Object) fault = "it is no JSON object";
            else if (!answer.TryGetProperty("access_token", out var element) || element.ValueKind != JsonValueKind.String) fault = "it has no access_token";
            else if (element.GetString()! is var token && !IsUsable(token)) fault = "its access_token cannot be sent in a header";
            else if (!IsBearer(answer)) fault = "its token_type is not Bearer";
            else return (token, ReadLifetime(answer));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // No JSON, or half a surrogate pair in it.
            fault = "it is no JSON";
        }

        return null;
    }

    /// <summary>The error code of a refusal; null if it has none that the standard knows.</summary>
    public static string? ReadError(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("error", out var error)
                && error.ValueKind == JsonValueKind.String && ErrorCodes.TryGetValue(error.GetString()!, out var code)
                ? code
                : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    // Visible ASCII: what RFC 6749 (A.12) allows, without the space, at which a header's value is split.
    private static bool IsUsable(string token) => token.Length is > 0 and <= MaxTokenLength && token.All(c => c is > ' ' and < '\x7f');

    // Required by the standard; those that leave it out mean Bearer.
    private static bool IsBearer(JsonElement answer) =>
        !answer.TryGetProperty("token_type", out var type) || type.ValueKind == JsonValueKind.Null
        || (type.ValueKind == JsonValueKind.String && string.Equals(type.GetString(), "Bearer", StringComparison.OrdinalIgnoreCase));

    // A number, or as some write it a text with one.
    private static TimeSpan ReadLifetime(JsonElement answer)
    {
        if (!answer.TryGetProperty("expires_in", out var element)) return DefaultLifetime;
        double seconds;
        switch (element.ValueKind)
        {
            case JsonValueKind.Number when element.TryGetDouble(out seconds):
            case JsonValueKind.String when double.TryParse(element.GetString(), NumberStyles.Float, CultureInfo.InvariantCulture, out seconds):
                return double.IsNaN(seconds) || seconds <= 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(Math.Min(seconds, MaxLifetime.TotalSeconds));
            default:
                return DefaultLifetime;
        }
    }
}
