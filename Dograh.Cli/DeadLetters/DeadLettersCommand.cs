using System.CommandLine;
using Dograh.Cli.Deliveries;
using Dograh.Cli.Output;
using Dograh.Client;

namespace Dograh.Cli.DeadLetters;

/// <summary><c>dograh dead-letters</c>: what has failed for good, by receiver and cause, and sending a group of it again.</summary>
internal static class DeadLettersCommand
{
    public static Command Create(CommandLine line)
    {
        var command = new Command("dead-letters", "Show dead letters by receiver and cause: what is to be mended once, and then replayed.") { CreateReplay(line) };
        line.Handle(command, async call =>
        {
            var groups = await call.Client.Deliveries.GroupDeadLettersAsync(call.Token);
            if (call.Screen.IsJson) call.Screen.Json(groups);
            else Show(call.Screen, groups);
            return ExitCodes.Ok;
        });
        return command;
    }

    private static Command CreateReplay(CommandLine line)
    {
        var host = new Option<string>("--host") { Description = "The receiver, as the groups name it.", HelpName = "host" };
        var cause = new Option<string>("--cause") { Description = "The cause, as the groups name it: 'HTTP 401', timeout.", HelpName = "cause" };
        var all = new Option<bool>("--all") { Description = "All dead letters." };
        var yes = DoneToMany.YesOption();
        var command = new Command("replay", "Send a group of dead letters again, once its cause is mended.") { host, cause, all, yes };
        line.Handle(command, call =>
        {
            var filter = new DeliveryFilter { Status = "dead_letter", EndpointHost = call.Get(host), Cause = call.Get(cause) };
            if ((filter.EndpointHost is null && filter.Cause is null) != call.Get(all)) throw CliException.Usage("Say which: --host, --cause or both, or --all.");
            return DoneToMany.RunAsync(call, Act.Replay, filter, call.Get(yes));
        });
        return command;
    }

    private static void Show(Screen screen, Client.DeadLetters groups)
    {
        if (groups.Items.Count == 0)
        {
            screen.Advice("No dead letters.");
            return;
        }

        var table = new Table(
            new Column("COUNT", IsNumber: true), new Column("CAUSE", CanBeCut: true), new Column("RECEIVER", CanBeCut: true), new Column("OLDEST", IsNumber: true), new Column("NEWEST", IsNumber: true));
        foreach (var x in groups.Items) table.Add($"{x.Count}{(x.IsExact ? "" : "+")}", x.Cause, x.EndpointHost, Words.Age(x.FirstAt), Words.Age(x.LastAt));
        screen.Show(table);
        if (!groups.IsComplete) screen.Advice("There are more than were looked into.");
        if (screen.IsTerminal) screen.Advice("Once a cause is mended: dograh dead-letters replay --host … --cause …");
    }
}
