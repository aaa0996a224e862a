namespace Dograh.Webhooks.Runs;

/// <summary>One call. Completing it produces the deliveries.</summary>
public sealed class WorkflowRun
{
    /// <summary>The organization that owns it.</summary>
    public long OrganizationId { get; set; }

    /// <summary>The id, made by the database.</summary>
    public long Id { get; set; }

    /// <summary>The workflow that ran.</summary>
    public long WorkflowId { get; set; }

    /// <summary>The version of the workflow that the run is pinned to.</summary>
    public int Version { get; set; }

    /// <summary>A name for people.</summary>
    public string? Name { get; set; }

    /// <summary>The campaign that started the call: a JSON scalar's text (<c>7</c>, <c>"spring"</c>).</summary>
    public string? CampaignId { get; set; }

    /// <summary>Running until the first completion; then completed for good.</summary>
    public required string Status { get; set; }

    /// <summary>When the run was started: the payload's <c>call_time</c>.</summary>
    public DateTimeOffset CreatedAt { get; set; }

    /// <summary>When it was completed.</summary>
    public DateTimeOffset? CompletedAt { get; set; }

    /// <summary>JSON object text: what was known before the call.</summary>
    public string? InitialContext { get; set; }

    /// <summary>JSON object text: what the call found out.</summary>
    public string? GatheredContext { get; set; }

    /// <summary>JSON object text: the template's <c>cost_info</c>.</summary>
    public string? UsageInfo { get; set; }

    /// <summary>JSON object text.</summary>
    public string? Annotations { get; set; }

    /// <summary>JSON object text.</summary>
    public string? Extra { get; set; }

    /// <summary>Where the recording is.</summary>
    public string? RecordingUrl { get; set; }

    /// <summary>Where the transcript is.</summary>
    public string? TranscriptUrl { get; set; }

    /// <summary>Where the caller's side of the recording is.</summary>
    public string? UserRecordingUrl { get; set; }

    /// <summary>Where the agent's side of the recording is.</summary>
    public string? BotRecordingUrl { get; set; }
}
