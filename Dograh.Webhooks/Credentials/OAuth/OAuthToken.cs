namespace Dograh.Webhooks.Credentials.OAuth;

/// <summary>The access token of a credential that all workers share, and whose turn it is to fetch one.</summary>
public sealed class OAuthToken
{
    /// <summary>The organization that owns the credential.</summary>
    public long OrganizationId { get; set; }

    /// <summary>The credential.</summary>
    public Guid CredentialUuid { get; set; }

    /// <summary>SHA-256 of the credential's encrypted data: the token is good for these and no others.</summary>
    public required byte[] CredentialHash { get; set; }

    /// <summary>The token, encrypted; null if there is none.</summary>
    public byte[]? EncryptedToken { get; set; }

    /// <summary>When it was fetched.</summary>
    public DateTimeOffset? FetchedAt { get; set; }

    /// <summary>Until when it is used: shortly before it expires.</summary>
    public DateTimeOffset? UsableUntil { get; set; }

    /// <summary>Who is fetching one: only with this may the outcome be written.</summary>
    public Guid? Lease { get; set; }

    /// <summary>When whoever is fetching is given up.</summary>
    public DateTimeOffset? LeasedUntil { get; set; }

    /// <summary>When the token endpoint may be asked again.</summary>
    public DateTimeOffset? RetryAt { get; set; }

    /// <summary>How often in a row it gave no answer.</summary>
    public int Failures { get; set; }

    /// <summary>Why the last try gave no token; redacted.</summary>
    public string? Error { get; set; }

    /// <summary>Whether that was a refusal, which another try would meet again.</summary>
    public bool IsRefused { get; set; }
}
