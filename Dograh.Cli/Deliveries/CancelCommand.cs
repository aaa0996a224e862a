using System.CommandLine;

namespace Dograh.Cli.Deliveries;

/// <summary><c>dograh deliveries cancel</c>: stops pending deliveries, by their ids or all that match.</summary>
internal static class CancelCommand
{
    public static Command Create(CommandLine line)
    {
        var ids = DeliveryIds.Argument();
        var filter = new FilterOptions();
        var yes = DoneToMany.YesOption();
        var command = new Command("cancel", "Stop pending deliveries: those of these ids, or all that match, such as --workflow 7; --status pending stands for all.") { ids, yes };
        filter.AddTo(command);
        line.Handle(command, call =>
        {
            var given = call.Get(ids)!;
            if (given.Length > 0 == filter.IsGiven(call)) throw CliException.Usage("Say which: either ids, or filters; --status pending stands for all.");
            return given.Length > 0
                ? DoneToEach.RunAsync(call, Act.Cancel, given)
                : DoneToMany.RunAsync(call, Act.Cancel, filter.Read(call) is { Status: not null } matching ? matching : filter.Read(call) with { Status = "pending" }, call.Get(yes));
        });
        return command;
    }
}
