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

    /// <summary>When it was created.</summary>
    public DateTimeOffset CreatedAt { get; set; }
}
