using System.CommandLine;
using Dograh.Cli.Output;
using Dograh.Client;

namespace Dograh.Cli.Deliveries;

/// <summary>Does something to all deliveries that match: says to how many, asks, and shows how far it is.</summary>
internal static class DoneToMany
{
    // Small enough that the bar moves and Ctrl+C is soon heard.
    private const int PartSize = 1000;

    /// <summary>The option that answers beforehand.</summary>
    public static Option<bool> YesOption() => new("--yes", "-y") { Description = "Do not ask." };

    /// <summary>Does it.</summary>
    /// <param name="call">The command.</param>
    /// <param name="act">What is done.</param>
    /// <param name="filter">To which; its status is given.</param>
    /// <param name="isAgreed">Whether nobody is to be asked.</param>
    public static async Task<int> RunAsync(Call call, Act act, DeliveryFilter filter, bool isAgreed)
    {
        var count = await call.Client.Deliveries.CountAsync(filter, call.Token);
        if (count.Count > 0 && !isAgreed)
        {
            var many = $"{(count.IsExact ? "" : "at least ")}{Words.Count(count.Count, "delivery", "deliveries")} that {(count is { Count: 1, IsExact: true } ? "is" : "are")} {filter.Status}";
            if (!await call.Screen.ConfirmAsync($"{char.ToUpperInvariant(act.Verb[0])}{act.Verb[1..]} {many}?", call.Token))
            {
                call.Screen.Advice($"Nothing is {act.Done}.");
                return ExitCodes.Failed;
            }
        }

        var (matched, done) = (0L, 0L);
        try
        {
            if (count.Count > 0 || !count.IsExact) await call.Screen.ProgressAsync(act.Doing, count.Count, PartsAsync);
        }
        catch (Exception e) when (e is DograhException or OperationCanceledException)
        {
            call.Screen.Note($"{Words.Count(done, "delivery is", "deliveries are")} {act.Done}; the others are as they were.");
            throw;
        }

        if (call.Screen.IsJson) call.Screen.Json(new Dictionary<string, long> { ["matched"] = matched, [act.Done] = done });
        else call.Screen.Line($"{Words.Count(done, "delivery", "deliveries")} {act.Done}{(done < matched ? $"; {matched - done} had changed meanwhile" : "")}.");
        return ExitCodes.Ok;

        async Task<long> PartsAsync(Action<double> advance)
        {
            string? cursor = null;
            do
            {
                call.Token.ThrowIfCancellationRequested();
                var part = await act.PartAsync(call.Client.Deliveries, filter, PartSize, cursor, call.Token);
                (matched, done, cursor) = (matched + part.Matched, done + part.Done, part.NextCursor);
                advance(part.Matched);
            }
            while (cursor is not null);
            return done;
        }
    }
}
