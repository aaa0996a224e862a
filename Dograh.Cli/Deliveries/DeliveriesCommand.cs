using System.CommandLine;

namespace Dograh.Cli.Deliveries;

/// <summary><c>dograh deliveries</c>.</summary>
internal static class DeliveriesCommand
{
    public static Command Create(CommandLine line) => new("deliveries", "List deliveries, look into one, follow them, replay and cancel them.")
    {
        ListCommand.Create(line),
        ShowCommand.Create(line),
        TailCommand.Create(line),
        ReplayCommand.Create(line),
        CancelCommand.Create(line),
    };
}
