namespace Dograh.Webhooks.Signing;

/// <summary>What an organization's deliveries, or those of one of its webhook nodes, are signed with.</summary>
public sealed class SigningSecret
{
    /// <summary>The organization that owns it.</summary>
    public long OrganizationId { get; set; }

    /// <summary>The public id (UUIDv7).</summary>
    public Guid Id { get; set; }

    /// <summary>The workflow of the node that it is for; null if it is the organization's.</summary>
    public long? WorkflowId { get; set; }

    /// <summary>The webhook node that it is for; null if it is the organization's.</summary>
    public string? WebhookNodeId { get; set; }

    /// <summary>One of <see cref="SigningAlgorithm"/>.</summary>
    public required string Algorithm { get; set; }

    /// <summary>Its text (<c>whsec_…</c> or <c>whsk_…</c>), encrypted; never in plain text.</summary>
    public required byte[] EncryptedSecret { get; set; }

    /// <summary>The first characters of what may be revealed of it, so that its owner can tell secrets apart.</summary>
    public required string Prefix { get; set; }

    /// <summary>The public key (<c>whpk_…</c>) of one with <see cref="SigningAlgorithm.V1a"/>.</summary>
    public string? PublicKey { get; set; }

    /// <summary>When it was created: the newest one's signature comes first.</summary>
    public DateTimeOffset CreatedAt { get; set; }

    /// <summary>When it stops signing; null if that is not decided.</summary>
    public DateTimeOffset? ExpiresAt { get; set; }
}
