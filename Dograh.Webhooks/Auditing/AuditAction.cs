namespace Dograh.Webhooks.Auditing;

/// <summary>The values of <see cref="AuditEvent.Action"/>: what it was done to, and what was done.</summary>
public static class AuditAction
{
    /// <summary>An organization came into being, with its first key and signing secret.</summary>
    public const string OrganizationCreated = "organization.created";

    /// <summary>An organization's quotas were set.</summary>
    public const string QuotasUpdated = "quotas.updated";

    /// <summary>An API key was made.</summary>
    public const string ApiKeyCreated = "api_key.created";

    /// <summary>An API key was deleted.</summary>
    public const string ApiKeyDeleted = "api_key.deleted";

    /// <summary>A credential was stored.</summary>
    public const string CredentialCreated = "credential.created";

    /// <summary>A credential was changed.</summary>
    public const string CredentialUpdated = "credential.updated";

    /// <summary>A credential was deleted.</summary>
    public const string CredentialDeleted = "credential.deleted";

    /// <summary>A credential was sent to a URL, to see what comes back.</summary>
    public const string CredentialTested = "credential.tested";

    /// <summary>A signing secret was added.</summary>
    public const string SigningSecretCreated = "signing_secret.created";

    /// <summary>A signing secret was made in another's place.</summary>
    public const string SigningSecretRotated = "signing_secret.rotated";

    /// <summary>A signing secret, or a public key, was shown.</summary>
    public const string SigningSecretRevealed = "signing_secret.revealed";

    /// <summary>A signing secret was given an end.</summary>
    public const string SigningSecretExpired = "signing_secret.expired";

    /// <summary>A workflow was saved for the first time.</summary>
    public const string WorkflowCreated = "workflow.created";

    /// <summary>A workflow's next version was saved.</summary>
    public const string WorkflowUpdated = "workflow.updated";

    /// <summary>One of its webhook nodes, or of a draft's, was sent to see what comes back.</summary>
    public const string WorkflowTested = "workflow.tested";

    /// <summary>A delivery was replayed.</summary>
    public const string DeliveryReplayed = "delivery.replayed";

    /// <summary>All deliveries that match a filter were replayed.</summary>
    public const string DeliveriesReplayed = "deliveries.replayed";

    /// <summary>A delivery was cancelled.</summary>
    public const string DeliveryCancelled = "delivery.cancelled";

    /// <summary>A request bin was made.</summary>
    public const string BinCreated = "bin.created";

    /// <summary>A request bin was told to answer otherwise.</summary>
    public const string BinUpdated = "bin.updated";

    /// <summary>The requests of a bin were removed.</summary>
    public const string BinCleared = "bin.cleared";

    /// <summary>A request bin was deleted.</summary>
    public const string BinDeleted = "bin.deleted";

    /// <summary>All pending deliveries that match a filter were cancelled.</summary>
    public const string DeliveriesCancelled = "deliveries.cancelled";
}
