using System.CommandLine;
using Dograh.Cli.Output;
using Dograh.Client;

namespace Dograh.Cli.Deliveries;

/// <summary>The options that say which deliveries: the API's filters.</summary>
internal sealed class FilterOptions
{
    private static readonly string[] States = ["pending", "succeeded", "dead_letter", "cancelled"];

    private readonly Option<string> _status = new("--status", "-s") { Description = "The state: pending, succeeded, dead_letter or cancelled.", HelpName = "state" };
    private readonly Option<long?> _workflow = new("--workflow") { Description = "The workflow's id.", HelpName = "id" };
    private readonly Option<long?> _run = new("--run") { Description = "The run's id.", HelpName = "id" };
    private readonly Option<string> _node = new("--node") { Description = "The webhook node's id.", HelpName = "id" };
    private readonly Option<string> _host = new("--host") { Description = "The receiver's host, without its port.", HelpName = "host" };
    private readonly Option<DateTimeOffset?> _since = Moments.Option("--since", "Created since");
    private readonly Option<DateTimeOffset?> _until = Moments.Option("--until", "Created until");

    public FilterOptions() => _status.CompletionSources.Add(States);

    /// <summary>Adds them to a command.</summary>
    /// <param name="command">The command.</param>
    /// <param name="withStatus">Whether the state is for its user to say.</param>
    public void AddTo(Command command, bool withStatus = true)
    {
        if (withStatus) command.Options.Add(_status);
        foreach (var option in (Option[])[_workflow, _run, _node, _host, _since, _until]) command.Options.Add(option);
    }

    /// <summary>What they say.</summary>
    public DeliveryFilter Read(Call call) => new()
    {
        Status = call.Get(_status),
        WorkflowId = call.Get(_workflow),
        WorkflowRunId = call.Get(_run),
        WebhookNodeId = call.Get(_node),
        EndpointHost = call.Get(_host),
        CreatedAfter = call.Get(_since),
        CreatedBefore = call.Get(_until),
    };
}
