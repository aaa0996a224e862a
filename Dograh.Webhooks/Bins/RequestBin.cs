namespace Dograh.Webhooks.Bins;

/// <summary>A receiver that an organization has within the API, for local development: it records what arrives and answers as it was told.</summary>
public sealed class RequestBin
{
    /// <summary>How many bins an organization may have.</summary>
    public const int MaxPerOrganization = 100;

    /// <summary>How many requests a bin keeps: the oldest go.</summary>
    public const int MaxRequests = 200;

    /// <summary>The organization that owns it.</summary>
    public long OrganizationId { get; set; }

    /// <summary>The public id: 122 random bits, for whoever knows it may send to it.</summary>
    public Guid Id { get; set; }

    /// <summary>What its owner calls it.</summary>
    public required string Name { get; set; }

    /// <summary>How many requests have arrived, and so the number of the last one.</summary>
    public long Received { get; set; }

    /// <summary>The last number whose request is failed. Counted together with <see cref="Received"/>, so that of many at once exactly so many fail.</summary>
    public long FailThrough { get; set; }

    /// <summary>The status of those that are failed.</summary>
    public int FailStatus { get; set; }

    /// <summary>The status of all others.</summary>
    public int Status { get; set; }

    /// <summary>How long each waits for its answer, in milliseconds.</summary>
    public int DelayMs { get; set; }

    /// <summary>What <c>Retry-After</c> says in an answer that is no success; 0 for none.</summary>
    public int RetryAfterSeconds { get; set; }

    /// <summary>When it was created.</summary>
    public DateTimeOffset CreatedAt { get; set; }

    /// <summary>When it was last told something else.</summary>
    public DateTimeOffset UpdatedAt { get; set; }
}
