namespace Dograh.Webhooks.Auditing;

/// <summary>Who did what to an organization's keys, secrets, workflows and deliveries. Written with the change that it tells of, and never changed.</summary>
public sealed class AuditEvent
{
    /// <summary>The organization that it happened to.</summary>
    public long OrganizationId { get; set; }

    /// <summary>The public id (UUIDv7).</summary>
    public Guid Id { get; set; }

    /// <summary>When it happened.</summary>
    public DateTimeOffset CreatedAt { get; set; }

    /// <summary>One of <see cref="AuditActor"/>.</summary>
    public required string Actor { get; set; }

    /// <summary>The API key that did it; null for the operator. It may be deleted by now.</summary>
    public Guid? ApiKeyId { get; set; }

    /// <summary>The first characters of that key.</summary>
    public string? ApiKeyPrefix { get; set; }

    /// <summary>One of <see cref="AuditAction"/>.</summary>
    public required string Action { get; set; }

    /// <summary>What it was done to, such as <c>credential</c>.</summary>
    public required string ResourceType { get; set; }

    /// <summary>Its public id; null where it was done to many.</summary>
    public string? ResourceId { get; set; }

    /// <summary>The address that the request came from.</summary>
    public string? ClientAddress { get; set; }

    /// <summary>The request's trace.</summary>
    public string? TraceId { get; set; }

    /// <summary>JSON object text: what else is worth knowing, and never a secret.</summary>
    public required string Details { get; set; }
}

/// <summary>The values of <see cref="AuditEvent.Actor"/>.</summary>
public static class AuditActor
{
    /// <summary>One of the organization's keys.</summary>
    public const string ApiKey = "api_key";

    /// <summary>The operator's key.</summary>
    public const string Operator = "operator";
}
