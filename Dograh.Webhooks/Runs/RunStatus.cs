namespace Dograh.Webhooks.Runs;

/// <summary>The values of <see cref="WorkflowRun.Status"/>.</summary>
public static class RunStatus
{
    /// <summary>The call goes on.</summary>
    public const string Running = "running";

    /// <summary>The call ended, and its deliveries exist.</summary>
    public const string Completed = "completed";
}
