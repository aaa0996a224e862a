using System.Text.Json;
using Dograh.Webhooks.Rendering;
using Dograh.Webhooks.Sending;

namespace Dograh.Webhooks.Credentials;

/// <summary>What each credential type needs, checked when a credential is saved.</summary>
public static class CredentialData
{
    private const int MaxValueLength = 16 * 1024;
    private const int MaxUrlLength = 8000;

    private static readonly Dictionary<string, string[]> Fields = new(StringComparer.Ordinal)
    {
        [CredentialType.None] = [],
        [CredentialType.BearerToken] = ["token"],
        [CredentialType.ApiKey] = ["header_name", "api_key"],
        [CredentialType.BasicAuth] = ["username", "password"],
        [CredentialType.CustomHeader] = ["header_name", "header_value"],
        [CredentialType.OAuthClientCredentials] = ["token_url", "client_id", "client_secret", "scope", "audience"],
        [CredentialType.Mtls] = [ClientCertificate.CertificateField, ClientCertificate.KeyField],
    };

    /// <summary>The types there are.</summary>
    public static IReadOnlyCollection<string> Types => Fields.Keys;

    /// <summary>Checks a credential's data against its type.</summary>
    /// <param name="credentialType">The type.</param>
    /// <param name="data">The data; may be undefined.</param>
    /// <param name="guard">What URLs may be asked.</param>
    /// <param name="now">The time, for what expires.</param>
    /// <returns>Faults by field path, such as <c>credential_data.token</c>; empty if it is fine. No fault quotes a value.</returns>
    public static IReadOnlyDictionary<string, string[]> FindFaults(string credentialType, JsonElement data, EgressGuard guard, DateTimeOffset now)
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
            if (FindFault(field, data, guard) is { } fault) faults[Path(field)] = [fault];
        }

        // What each half is by itself is known by now; whether the two go together is still to be seen.
        if (credentialType == CredentialType.Mtls && faults.Count == 0 && ClientCertificate.FindFault(data, now) is var (half, reason)) faults[Path(half)] = [reason];
        return faults;
    }

    private static string Path(string field) => $"credential_data.{field}";

    private static string? FindFault(string field, JsonElement data, EgressGuard guard)
    {
        if (data.ValueKind != JsonValueKind.Object || !data.TryGetProperty(field, out var element) || element.ValueKind == JsonValueKind.Null)
        {
            return field is "scope" or "audience" ? null : "is required";
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
        // PEM has lines.
        if (field is ClientCertificate.CertificateField or ClientCertificate.KeyField) return null;
        if (value.Any(char.IsControl)) return "must not contain a control character";
        return field == "token_url" ? FindUrlFault(value, guard) : null;
    }

    private static string? FindUrlFault(string value, EgressGuard guard)
    {
        if (value.Length > MaxUrlLength) return $"must be at most {MaxUrlLength} characters";
        try
        {
            return WebhookRequest.ParseUrl(value, guard).Fragment.Length > 0 ? "must not have a fragment (#)" : null;
        }
        catch (UnsendableException e)
        {
            return e.Message == WebhookRequest.NotAbsolute ? "must be an absolute http or https URL" : e.Message;
        }
    }
}
