using System.CommandLine;
using Dograh.Client;

namespace Dograh.Cli.Deliveries;

/// <summary>What can be done to deliveries.</summary>
/// <param name="Verb">As it is typed.</param>
/// <param name="Done">As it is told afterwards.</param>
/// <param name="OneAsync">Does it to one.</param>
internal sealed record Act(string Verb, string Done, Func<DeliveriesClient, Guid, CancellationToken, Task<Delivery>> OneAsync);

/// <summary>Does something to deliveries.</summary>
internal static class DoneToDeliveries
{
    public static Command Create(CommandLine line, Act act, string description)
    {
        var ids = new Argument<Guid[]>("id") { Description = "The deliveries' ids.", Arity = ArgumentArity.OneOrMore };
        var command = new Command(act.Verb, description) { ids };
        line.Handle(command, call => ToEachAsync(call, act, call.Get(ids)!));
        return command;
    }

    private static async Task<int> ToEachAsync(Call call, Act act, IReadOnlyList<Guid> ids)
    {
        var faults = new List<(Guid Id, CliException Fault)>();
        var done = new List<Delivery>();
        await call.Screen.ProgressAsync(act.Verb, ids.Count, async advance =>
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
