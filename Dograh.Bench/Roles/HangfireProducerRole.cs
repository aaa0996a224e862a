using System.Globalization;
using Dograh.Bench.Peers;
using Hangfire;

namespace Dograh.Bench.Roles;

/// <summary>Enqueues deliveries with Hangfire, from as many threads as the order allows additions under way: Hangfire has no batches of its own.</summary>
internal static class HangfireProducerRole
{
    public static async Task RunAsync()
    {
        var order = PeerOrder.Parse(await Console.In.ReadLineAsync());
        var client = new BackgroundJobClient(HangfireStorage.Open(order));
        var (url, payload) = (order.Url, order.Payload);
        Console.WriteLine(PeerWords.Ready);
        while (await Console.In.ReadLineAsync() is { } line)
        {
            var count = int.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture);
            Parallel.For(0, count, new ParallelOptions { MaxDegreeOfParallelism = order.InFlight }, _ => client.Enqueue(() => HangfireDelivery.SendAsync(url, payload)));
            Console.WriteLine(PeerWords.Sent);
        }
    }
}
