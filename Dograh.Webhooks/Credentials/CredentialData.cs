using System.Text.Json;
using Dograh.Webhooks.Rendering;
using Dograh.Webhooks.Sending;

namespace Dograh.Webhooks.Credentials;

/// <summary>What each credential type needs, checked when a credential is saved.</summary>
public static class CredentialData
{
    private const int MaxValueLength = 16 * 1024;

    private static readonly Dictionary<string, string[]> Fields = new(StringComparer.Ordinal)
    {
        [CredentialType.None] = [],
        [CredentialType.BearerToken] = ["token"],
        [CredentialType.ApiKey] = ["header_name", "api_key"],
        [CredentialType.BasicAuth] = ["username", "password"],
        [CredentialType.CustomHeader] = ["header_name", "header_value"],
    };

    /// <summary>The types there are.</summary>
    public static IReadOnlyCollection<string> Types => Fields.Keys;

    /// <summary>Checks a credential's data against its type.</summary>
    /// <param name="credentialType">The type.</param>
    /// <param name="data">The data; may be undefined.</param>
    /// <returns>Faults by field path, such as <c>credential_data.token</c>; empty if it is fine. No fault quotes a value.</returns>
    public static IReadOnlyDictionary<string, string[]> FindFaults(string credentialType, JsonElement data)
    {
        var faults = new Dictionary<string, string[]>(StringComparer.Ordinal);
        if (!Fields.TryGetValue(credentialType, out var fields))
        {
            faults["credential_type"] = [$"must be one of {string.Join(", ", Types)}"];
            return faults;
        }

        if (data.ValueKind is not (JsonValueKind.Object or JsonValueKind.Undefined or JsonValueKind.Null))
        {
            faults["credential_data"] = ["must be an object"];
            return faults;
        }

        foreach (var field in fields)
        {
            if (FindFault(field, data) is { } fault) faults[$"credential_data.{field}"] = [fault];
        }

        return faults;
    }

    private static string? FindFault(string field, JsonElement data)
    {
        if (data.ValueKind != JsonValueKind.Object || !data.TryGetProperty(field, out var element) || element.ValueKind == JsonValueKind.Null)
        {
            return "is required";
        }

        if (element.ValueKind != JsonValueKind.String) return "must be a string";
        var value = element.GetString()!;
        if (field == "header_name")
        {
            if (!CustomHeaders.IsLegalName(value)) return "is not a legal header name";
            return ReservedHeaders.Contains(value) ? "is a header that every delivery sets itself" : null;
        }

        // An empty password or user name is legal (RFC 7617); an empty token or key would only be refused by the receiver.
        if (value.Length == 0 && field is not ("password" or "username")) return "must not be empty";
        if (value.Length > MaxValueLength) return $"must be at most {MaxValueLength} characters";
        if (field == "username" && value.Contains(':', StringComparison.Ordinal)) return "must not contain a colon";
        return value.Any(char.IsControl) ? "must not contain a control character" : null;
    }
}
