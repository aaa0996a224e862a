namespace Dograh.Webhooks.Credentials;

/// <summary>A secret of an organization, named by uuid and resolved at the moment of sending.</summary>
public sealed class ExternalCredential
{
    /// <summary>The organization that owns it.</summary>
    public long OrganizationId { get; set; }

    /// <summary>The public id (UUIDv7) that webhook nodes name.</summary>
    public Guid Uuid { get; set; }

    /// <summary>What its owner calls it.</summary>
    public required string Name { get; set; }

    /// <summary>What it is for.</summary>
    public string? Description { get; set; }

    /// <summary>One of <see cref="Credentials.CredentialType"/>.</summary>
    public required string CredentialType { get; set; }

    /// <summary>The JSON object of its data, encrypted; never in plain text.</summary>
    public required byte[] EncryptedData { get; set; }

    /// <summary>False once deleted: it no longer resolves.</summary>
    public bool IsActive { get; set; }

    /// <summary>When it was created.</summary>
    public DateTimeOffset CreatedAt { get; set; }

    /// <summary>When it was last changed.</summary>
    public DateTimeOffset UpdatedAt { get; set; }
}
