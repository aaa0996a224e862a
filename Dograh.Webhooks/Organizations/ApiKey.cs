namespace Dograh.Webhooks.Organizations;

/// <summary>An organization's key to the API. Only its hash is kept; the key itself is shown once, when it is made.</summary>
public sealed class ApiKey
{
    /// <summary>The public id (UUIDv7).</summary>
    public Guid Id { get; set; }

    /// <summary>The organization that the key speaks for.</summary>
    public long OrganizationId { get; set; }

    /// <summary>What its owner calls it.</summary>
    public required string Name { get; set; }

    /// <summary>The first characters of the key, so that its owner can tell keys apart.</summary>
    public required string Prefix { get; set; }

    /// <summary>SHA-256 of the key; unique over all organizations.</summary>
    public required byte[] KeyHash { get; set; }

    /// <summary>What it may do, each one of <see cref="ApiKeyScope"/>; null for everything, also what later builds add.</summary>
    public string[]? Scopes { get; set; }

    /// <summary>When it was created.</summary>
    public DateTimeOffset CreatedAt { get; set; }

    /// <summary>When it stops working; null for never.</summary>
    public DateTimeOffset? ExpiresAt { get; set; }

    /// <summary>When it was last used, to a minute; null if it never was.</summary>
    public DateTimeOffset? LastUsedAt { get; set; }
}
