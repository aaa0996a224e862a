using System.Net;
using System.Net.Sockets;
using Dograh.Tests.Support;
using static Dograh.Tests.Support.Given;

namespace Dograh.Tests.Sending;

public sealed class EarlyResetTests(TestServers servers) : SenderTest(servers)
{
    /// <summary>
    /// .NET asks a new connection for its other end; of one that is reset by then it throws a SocketException and nothing around it. Taken for a
    /// failure of ours it would count no attempt, and such a receiver's deliveries would never end. The race is lost now and then only, so many are sent.
    /// </summary>
    [Fact]
    public async Task A_receiver_that_resets_each_connection_as_soon_as_it_is_made_has_failed_each_attempt()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var resetting = ResetAllAsync(listener);
        var url = new Uri($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/hook");
        var sender = NewSender(new() { CircuitMinimumAttempts = 10_000 });

        var results = await Task.WhenAll(Enumerable.Range(0, 500).Select(_ => sender.SendAsync(AClaim(url), credential: null, Token))).Soon();

        Assert.All(results.OfType<Dograh.Webhooks.Deliveries.AttemptResult.Attempted>(), attempt => Assert.Null(attempt.StatusCode));
        Assert.DoesNotContain(results, result => result is Dograh.Webhooks.Deliveries.AttemptResult.Released);
        listener.Stop();
        await resetting;
    }

    private static async Task ResetAllAsync(TcpListener listener)
    {
        try
        {
            while (true)
            {
                using var socket = await listener.AcceptSocketAsync(Token);
                socket.LingerState = new LingerOption(enable: true, seconds: 0);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // Stopped.
        }
    }
}
