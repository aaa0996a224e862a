using System.Net;
using System.Net.Sockets;
using System.Text;
using Dograh.Chaos.Network;
using Dograh.Tests.Support;

namespace Dograh.Tests.Chaos;

public sealed class TcpProxyTests : IAsyncLifetime
{
    private readonly TcpListener _server = new(IPAddress.Loopback, 0);
    private TcpProxy _proxy = null!;
    private Socket _client = null!;
    private Socket _served = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server.Start();
        _proxy = new TcpProxy(((IPEndPoint)_server.LocalEndpoint).Port);
        _client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await _client.ConnectAsync(new IPEndPoint(IPAddress.Loopback, _proxy.Port), Token);
        _served = await _server.AcceptSocketAsync(Token);
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        _client.Dispose();
        _served.Dispose();
        await _proxy.DisposeAsync();
        _server.Dispose();
    }

    [Fact]
    public async Task It_passes_bytes_on_both_ways()
    {
        await SayAsync(_client, "ask");
        Assert.Equal("ask", await HearAsync(_served, 3));
        await SayAsync(_served, "answer");
        Assert.Equal("answer", await HearAsync(_client, 6));
    }

    [Fact]
    public async Task A_trap_holds_back_the_bytes_with_its_pattern_though_they_come_in_pieces_until_it_is_released()
    {
        var trap = _proxy.Set(new ProxyTrap("COMMIT", TrapAction.HoldBefore));
        await SayAsync(_client, "a COM");
        Assert.Equal("a COM", await HearAsync(_served, 5));
        await SayAsync(_client, "MIT");
        await trap.Sprung.Soon();
        Assert.Equal(0, _served.Available);

        trap.Release();

        Assert.Equal("MIT", await HearAsync(_served, 3));
    }

    [Fact]
    public async Task A_pattern_that_has_passed_before_the_trap_was_set_springs_nothing()
    {
        await SayAsync(_client, "COMMIT");
        Assert.Equal("COMMIT", await HearAsync(_served, 6));
        var trap = _proxy.Set(new ProxyTrap("COMMIT", TrapAction.HoldBefore));

        await SayAsync(_client, "next");

        Assert.Equal("next", await HearAsync(_served, 4));
        Assert.False(trap.Sprung.IsCompleted);
    }

    [Fact]
    public async Task A_trap_lets_the_bytes_through_and_holds_the_answer()
    {
        var trap = _proxy.Set(new ProxyTrap("COMMIT", TrapAction.HoldAnswer));
        await SayAsync(_client, "COMMIT");
        Assert.Equal("COMMIT", await HearAsync(_served, 6));
        await trap.Sprung.Soon();
        await SayAsync(_served, "done");

        Assert.False(_client.Poll(TimeSpan.FromMilliseconds(50), SelectMode.SelectRead));
        trap.Release();
        Assert.Equal("done", await HearAsync(_client, 4));
    }

    [Fact]
    public async Task A_trap_cuts_midway()
    {
        var trap = _proxy.Set(new ProxyTrap("COMMIT", TrapAction.CutMidway));
        await SayAsync(_client, "COMMIT");
        await trap.Sprung.Soon();

        await Assert.ThrowsAsync<SocketException>(async () => await _client.ReceiveAsync(new byte[1], Token));
    }

    [Fact]
    public async Task A_cut_resets_every_connection()
    {
        _proxy.Cut();

        await Assert.ThrowsAsync<SocketException>(async () => await _client.ReceiveAsync(new byte[1], Token));
        await Assert.ThrowsAsync<SocketException>(async () => await _served.ReceiveAsync(new byte[1], Token));
    }

    [Fact]
    public async Task A_stall_holds_everything_until_it_ends()
    {
        _proxy.Stall();
        await SayAsync(_client, "ask");
        Assert.False(_served.Poll(TimeSpan.FromMilliseconds(50), SelectMode.SelectRead));

        _proxy.Flow();

        Assert.Equal("ask", await HearAsync(_served, 3));
    }

    [Fact]
    public async Task A_delay_makes_everything_later()
    {
        _proxy.Delay = TimeSpan.FromMilliseconds(200);
        var started = TimeProvider.System.GetTimestamp();
        await SayAsync(_client, "ask");

        Assert.Equal("ask", await HearAsync(_served, 3));
        Assert.True(TimeProvider.System.GetElapsedTime(started) >= TimeSpan.FromMilliseconds(150));
    }

    private static async Task SayAsync(Socket socket, string text) => await socket.SendAsync(Encoding.ASCII.GetBytes(text), Token);

    private static async Task<string> HearAsync(Socket socket, int length)
    {
        var bytes = new byte[length];
        for (var heard = 0; heard < length;)
        {
            var read = await socket.ReceiveAsync(bytes.AsMemory(heard), Token).AsTask().Soon();
            if (read == 0) break;
            heard += read;
        }

        return Encoding.ASCII.GetString(bytes);
    }
}
