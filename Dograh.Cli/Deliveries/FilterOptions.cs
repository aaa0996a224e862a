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
    private readonly Option<string> _statusCode = new("--status-code") { Description = "The last answer's status code, or none.", HelpName = "code" };
    private readonly Option<string> _error = new("--error") { Description = "A text that the last error has in it.", HelpName = "text" };
    private readonly Option<DateTimeOffset?> _since = Moments.Option("--since", "Created since");
    private readonly Option<DateTimeOffset?> _until = Moments.Option("--until", "Created until");

    public FilterOptions() => _status.CompletionSources.Add(States);

    private Option[] All => [_status, _workflow, _run, _node, _host, _statusCode, _error, _since, _until];

    /// <summary>Adds them to a command.</summary>
    /// <param name="command">The command.</param>
    /// <param name="withAnswers">Whether those count that change as a delivery goes on.</param>
    public void AddTo(Command command, bool withAnswers = true)
    {
        foreach (var option in All.Where(option => withAnswers || (option != _statusCode && option != _error))) command.Options.Add(option);
    }

    /// <summary>Whether any of them is given.</summary>
    public bool IsGiven(Call call) => All.Any(call.IsGiven);

    /// <summary>What they say.</summary>
    public DeliveryFilter Read(Call call) => new()
    {
        Status = call.Get(_status),
        WorkflowId = call.Get(_workflow),
        WorkflowRunId = call.Get(_run),
        WebhookNodeId = call.Get(_node),
        EndpointHost = call.Get(_host),
        StatusCode = call.Get(_statusCode),
        Error = call.Get(_error),
        CreatedAfter = call.Get(_since),
        CreatedBefore = call.Get(_until),
    };
}
