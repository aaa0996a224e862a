using System.Globalization;
using Dograh.Bench.Peers;
using Hangfire;
using Npgsql;

namespace Dograh.Bench.Roles;

/// <summary>A Hangfire server; it says so when as many as expected are recorded as succeeded.</summary>
internal static class HangfireWorkerRole
{
    // Rarely enough to take nothing from a peer that does some hundreds a second.
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    public static async Task RunAsync()
    {
        var order = PeerOrder.Parse(await Console.In.ReadLineAsync());
        var storage = HangfireStorage.Open(order);
        var options = new BackgroundJobServerOptions { WorkerCount = order.Concurrency, ShutdownTimeout = TimeSpan.Zero };
        using var server = new BackgroundJobServer(options, storage);
        await using var dataSource = NpgsqlDataSource.Create(order.ConnectionString!);
        Console.WriteLine(PeerWords.Ready);
        long expected = 0;
        while (await Console.In.ReadLineAsync() is { } line)
        {
            expected += int.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture);
            while (await CountAsync(dataSource) < expected) await Task.Delay(Interval, TimeProvider.System);
            Console.WriteLine(PeerWords.Done);
        }
    }

    private static async Task<long> CountAsync(NpgsqlDataSource dataSource)
    {
        await using var command = dataSource.CreateCommand("SELECT count(*) FROM hangfire.job WHERE statename = 'Succeeded'");
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
