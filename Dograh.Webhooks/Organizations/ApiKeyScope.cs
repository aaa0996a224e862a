namespace Dograh.Webhooks.Organizations;

/// <summary>What an API key may do. Every path of an organization needs one of these.</summary>
public static class ApiKeyScope
{
    /// <summary>Starting, completing and taking in runs.</summary>
    public const string RunsWrite = "runs:write";

    /// <summary>Looking at runs.</summary>
    public const string RunsRead = "runs:read";

    /// <summary>Looking at workflows, and at what they would send.</summary>
    public const string WorkflowsRead = "workflows:read";

    /// <summary>Saving workflows.</summary>
    public const string WorkflowsWrite = "workflows:write";

    /// <summary>Looking at deliveries and their figures.</summary>
    public const string DeliveriesRead = "deliveries:read";

    /// <summary>Replaying and cancelling deliveries.</summary>
    public const string DeliveriesWrite = "deliveries:write";

    /// <summary>Looking at credentials, never at their data.</summary>
    public const string CredentialsRead = "credentials:read";

    /// <summary>Storing, changing, trying and deleting credentials, and trying webhook nodes, which send theirs.</summary>
    public const string CredentialsWrite = "credentials:write";

    /// <summary>Looking at signing secrets, masked, and at public keys.</summary>
    public const string SigningRead = "signing:read";

    /// <summary>Adding, rotating, expiring and revealing signing secrets: whoever has one can sign as we do.</summary>
    public const string SigningWrite = "signing:write";

    /// <summary>Looking at API keys, never at the keys themselves.</summary>
    public const string KeysRead = "keys:read";

    /// <summary>Making API keys that may do no more than the one that makes them, and deleting any.</summary>
    public const string KeysWrite = "keys:write";

    /// <summary>Looking at request bins and at what they got.</summary>
    public const string BinsRead = "bins:read";

    /// <summary>Making request bins, telling them how to answer, emptying and deleting them.</summary>
    public const string BinsWrite = "bins:write";

    /// <summary>Reading the audit log.</summary>
    public const string AuditRead = "audit:read";

    /// <summary>All of them, in the order in which they are shown.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        RunsWrite, RunsRead, WorkflowsRead, WorkflowsWrite, DeliveriesRead, DeliveriesWrite, CredentialsRead, CredentialsWrite, SigningRead, SigningWrite,
        KeysRead, KeysWrite, BinsRead, BinsWrite, AuditRead,
    ];
}
