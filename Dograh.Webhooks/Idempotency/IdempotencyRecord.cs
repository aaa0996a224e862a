namespace Dograh.Webhooks.Idempotency;

/// <summary>The first answer given under an <c>Idempotency-Key</c>, kept for 24 hours.</summary>
public sealed class IdempotencyRecord
{
    /// <summary>How long an answer is kept.</summary>
    public static readonly TimeSpan Retention = TimeSpan.FromHours(24);

    /// <summary>The longest key, in characters.</summary>
    public const int MaxKeyLength = 255;

    /// <summary>The name of the primary key, which says who of two came first.</summary>
    internal const string PrimaryKey = "pk_idempotency_keys";

    /// <summary>The organization whose key it is.</summary>
    public long OrganizationId { get; set; }

    /// <summary>The path that the request was made to.</summary>
    public required string Path { get; set; }

    /// <summary>The client's key.</summary>
    public required string Key { get; set; }

    /// <summary>SHA-256 of the request's body: another body under the same key is a conflict.</summary>
    public required byte[] RequestHash { get; set; }

    /// <summary>The status that was answered.</summary>
    public int StatusCode { get; set; }

    /// <summary>The body that was answered, JSON text.</summary>
    public required string ResponseBody { get; set; }

    /// <summary>When it was stored.</summary>
    public DateTimeOffset CreatedAt { get; set; }
}
