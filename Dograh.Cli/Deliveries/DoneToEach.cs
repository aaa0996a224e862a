using Dograh.Client;

namespace Dograh.Cli.Deliveries;

/// <summary>Does something to deliveries one by one, by their ids.</summary>
internal static class DoneToEach
{
    /// <summary>Does it, and tells of each that cannot be helped.</summary>
    public static async Task<int> RunAsync(Call call, Act act, IReadOnlyList<Guid> ids)
    {
        var faults = new List<(Guid Id, CliException Fault)>();
        var done = new List<Delivery>();
        await call.Screen.ProgressAsync(act.Doing, ids.Count, async advance =>
        {
            foreach (var id in ids)
            {
                try
                {
                    done.Add(await act.OneAsync(call.Client.Deliveries, id, call.Token));
                }
                catch (DograhApiException e) when (e.Status is 404 or 409)
                {
                    faults.Add((id, CliException.Of(e)));
                }

                advance(1);
            }

            return done;
        });

        if (call.Screen.IsJson) call.Screen.Json(new { items = done, faults = faults.Select(x => new { x.Id, detail = x.Fault.Message }) });
        else foreach (var delivery in done) call.Screen.Line($"{delivery.Id:D} {act.Done}");
        foreach (var (id, fault) in faults) call.Screen.Fault($"{id:D}: {fault.Message}");
        return faults.Count == 0 ? ExitCodes.Ok : ids.Count == 1 ? faults[0].Fault.ExitCode : ExitCodes.Failed;
    }
}
