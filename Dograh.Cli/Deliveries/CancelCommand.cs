using System.CommandLine;

namespace Dograh.Cli.Deliveries;

/// <summary><c>dograh deliveries cancel</c>: stops pending deliveries, by their ids or all that match.</summary>
internal static class CancelCommand
{
    public static Command Create(CommandLine line)
    {
        var act = new Act("cancel", "cancelled", (api, id, token) => api.CancelAsync(id, cancellationToken: token));
        return DoneToDeliveries.Create(line, act, "Stop pending deliveries: those of these ids, or all that match.");
    }
}
