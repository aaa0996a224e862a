namespace Dograh.Webhooks.Bins;

/// <summary>A request that a bin got. Everything in it is somebody else's text.</summary>
public sealed class BinRequest
{
    /// <summary>How much of a body is kept, in bytes.</summary>
    public const int MaxBody = 64 * 1024;

    /// <summary>The organization that owns the bin.</summary>
    public long OrganizationId { get; set; }

    /// <summary>The bin.</summary>
    public Guid BinId { get; set; }

    /// <summary>1 for the bin's first, and so on.</summary>
    public long Number { get; set; }

    /// <summary>When it was stored, by the database's clock.</summary>
    public DateTimeOffset ReceivedAt { get; set; }

    /// <summary>The method.</summary>
    public required string Method { get; set; }

    /// <summary>The path as it came, percent-encoded.</summary>
    public required string Path { get; set; }

    /// <summary>The query as it came, without its question mark; null if there was none.</summary>
    public string? Query { get; set; }

    /// <summary>JSON object text: the headers, their values masked unless they are known to hold no secret.</summary>
    public required string Headers { get; set; }

    /// <summary>The body's first <see cref="MaxBody"/> bytes.</summary>
    public required byte[] Body { get; set; }

    /// <summary>How long the body was, in bytes.</summary>
    public long BodyLength { get; set; }

    /// <summary>The header <c>webhook-id</c>; null if there was none.</summary>
    public string? WebhookId { get; set; }

    /// <summary>The attempt's number, as its sender says; null if it does not.</summary>
    public int? Attempt { get; set; }

    /// <summary>What came of verifying the signature.</summary>
    public required string Signature { get; set; }

    /// <summary>The status that it was answered with.</summary>
    public int AnsweredStatus { get; set; }

    /// <summary>How long the answer was held back, in milliseconds.</summary>
    public int AnsweredDelayMs { get; set; }
}
