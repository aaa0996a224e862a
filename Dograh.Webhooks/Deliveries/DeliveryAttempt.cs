namespace Dograh.Webhooks.Deliveries;

/// <summary>One HTTP request made for a delivery, and what came of it. Append-only.</summary>
public sealed class DeliveryAttempt
{
    /// <summary>The organization that owns it.</summary>
    public long OrganizationId { get; set; }

    /// <summary>The delivery's number in the database.</summary>
    public long DeliveryId { get; set; }

    /// <summary>1, 2, 3, … without gaps.</summary>
    public int Number { get; set; }

    /// <summary>When the request began, by the database's clock.</summary>
    public DateTimeOffset StartedAt { get; set; }

    /// <summary>How long it took, in milliseconds, waiting for a free connection to the receiver apart.</summary>
    public double DurationMs { get; set; }

    /// <summary>The status code; null when there was no HTTP response.</summary>
    public int? StatusCode { get; set; }

    /// <summary>What went wrong, redacted; null after a 2xx.</summary>
    public string? Error { get; set; }

    /// <summary>JSON object of the response's headers, secret-looking values redacted.</summary>
    public string? ResponseHeaders { get; set; }

    /// <summary>The first 4 KiB of the response's body, redacted.</summary>
    public string? ResponseBody { get; set; }

    /// <summary>The trace that the attempt belongs to.</summary>
    public string? TraceId { get; set; }

    /// <summary>The worker that made it.</summary>
    public required string Worker { get; set; }
}
