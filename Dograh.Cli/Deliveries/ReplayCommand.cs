using System.CommandLine;

namespace Dograh.Cli.Deliveries;

/// <summary><c>dograh deliveries replay</c>: sends deliveries again, by their ids or all that match.</summary>
internal static class ReplayCommand
{
    public static Command Create(CommandLine line)
    {
        var act = new Act("replay", "replayed", (api, id, token) => api.ReplayAsync(id, cancellationToken: token));
        return DoneToDeliveries.Create(line, act, "Send deliveries again: those of these ids, or all that match. They have a fresh set of attempts, and go out at a pace.");
    }
}
