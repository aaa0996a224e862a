using Dograh.Webhooks.Data.Sql;
using Dograh.Webhooks.Rendering;
using Dograh.Webhooks.Runs;

namespace Dograh.Api.Rehearsing;

/// <summary>The values that templates had for a run that is stored.</summary>
internal static class PastRuns
{
    /// <summary>Builds them as its completion did, but for what is current: the workflow's name and the time.</summary>
    /// <param name="run">The run; one that still goes on has what it was started with.</param>
    /// <param name="workflowName">The name that its workflow has, or is to have.</param>
    /// <param name="now">The instant of rendering.</param>
    public static RenderContext ContextOf(WorkflowRun run, string workflowName, DateTimeOffset now) => RunContext.Build(
        run.Id,
        new RunFields(run.Name, JsonColumn.Parse(run.CampaignId), JsonColumn.Parse(run.InitialContext)),
        run.WorkflowId,
        workflowName,
        run.CreatedAt,
        new Completion(
            JsonColumn.Parse(run.GatheredContext), JsonColumn.Parse(run.UsageInfo), JsonColumn.Parse(run.Annotations), JsonColumn.Parse(run.Extra),
            run.RecordingUrl, run.TranscriptUrl, run.UserRecordingUrl, run.BotRecordingUrl),
        now);
}
