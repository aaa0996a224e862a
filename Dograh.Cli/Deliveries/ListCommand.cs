using System.CommandLine;
using Dograh.Cli.Output;
using Dograh.Client;

namespace Dograh.Cli.Deliveries;

/// <summary><c>dograh deliveries list</c>: the newest that match.</summary>
internal static class ListCommand
{
    private const int UnlessGiven = 50;

    public static Command Create(CommandLine line)
    {
        var filter = new FilterOptions();
        var limit = new Option<int>("--limit", "-n") { Description = "How many at most; 0 for all.", HelpName = "number", DefaultValueFactory = _ => UnlessGiven };
        limit.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && int.TryParse(result.Tokens[0].Value, out var number) && number < 0) result.AddError("--limit must be 0 or more.");
        });
        var command = new Command("list", "List deliveries, newest first.") { limit };
        filter.AddTo(command);
        line.Handle(command, async call =>
        {
            var most = call.Get(limit) is > 0 and var given ? given : int.MaxValue;
            await ShowAsync(call, call.Client.Deliveries.AllAsync(filter.Read(call), call.Token).Take(most));
            return ExitCodes.Ok;
        });
        return command;
    }

    private static async Task ShowAsync(Call call, IAsyncEnumerable<Delivery> deliveries)
    {
        // A terminal's table is laid out once it is whole; JSON is one document; lines go out as they come.
        if (!call.Screen.IsTerminal && !call.Screen.IsJson)
        {
            await foreach (var delivery in deliveries.WithCancellation(call.Token)) call.Screen.Show(Table([delivery]));
            return;
        }

        var all = await deliveries.ToListAsync(call.Token);
        if (call.Screen.IsJson) call.Screen.Json(new { items = all });
        else if (all.Count == 0) call.Screen.Advice("No delivery matches.");
        else call.Screen.Show(Table(all));
    }

    private static Table Table(IReadOnlyList<Delivery> deliveries)
    {
        var table = new Table(
            new Column("ID"), new Column("STATE"), new Column("TRIES", IsNumber: true), new Column("LAST", IsNumber: true), new Column("RECEIVER", CanBeCut: true), new Column("AGE", IsNumber: true));
        foreach (var x in deliveries)
        {
            table.Add($"{x.Id:D}", Words.State(x.Status), $"{x.AttemptCount}/{x.MaxAttempts}", x.LastStatusCode?.ToString() ?? (x.LastError is null ? "–" : "error"), HostOf(x), Words.Age(x.CreatedAt));
        }

        return table;
    }

    /// <summary>A delivery's receiver: the host of its URL.</summary>
    public static string HostOf(Delivery delivery) => Uri.TryCreate(delivery.EndpointUrl, UriKind.Absolute, out var url) ? url.Host : delivery.EndpointUrl;
}
