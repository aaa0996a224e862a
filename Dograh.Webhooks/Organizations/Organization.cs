namespace Dograh.Webhooks.Organizations;

/// <summary>The tenant. It owns workflows, runs, credentials and deliveries, and has API keys.</summary>
public sealed class Organization
{
    /// <summary>The id, made by the database. It is part of every key below it.</summary>
    public long Id { get; set; }

    /// <summary>The name as its operator wrote it.</summary>
    public required string Name { get; set; }

    /// <summary>When it was created.</summary>
    public DateTimeOffset CreatedAt { get; set; }
}
