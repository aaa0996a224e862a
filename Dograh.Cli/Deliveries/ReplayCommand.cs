using System.CommandLine;

namespace Dograh.Cli.Deliveries;

/// <summary><c>dograh deliveries replay</c>: sends deliveries again, by their ids or all that match.</summary>
internal static class ReplayCommand
{
    public static Command Create(CommandLine line)
    {
        var ids = DeliveryIds.Argument();
        var filter = new FilterOptions();
        var yes = DoneToMany.YesOption();
        var command = new Command("replay", "Send deliveries again: those of these ids, or all that match, such as --status dead_letter --host crm.example. They have a fresh set of attempts; many go out at a pace.") { ids, yes };
        filter.AddTo(command);
        line.Handle(command, call =>
        {
            var given = call.Get(ids)!;
            var matching = filter.Read(call);
            if (given.Length > 0 == filter.IsGiven(call)) throw CliException.Usage("Say which: either ids, or filters with --status (dead_letter, cancelled or succeeded).");
            if (given.Length > 0) return DoneToEach.RunAsync(call, Act.Replay, given);
            if (matching.Status is null) throw CliException.Usage("Say what is to be sent again: --status dead_letter, cancelled or succeeded.");
            return DoneToMany.RunAsync(call, Act.Replay, matching, call.Get(yes));
        });
        return command;
    }
}
