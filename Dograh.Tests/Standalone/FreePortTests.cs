using System.Net;
using System.Net.Sockets;
using Dograh.Standalone;

namespace Dograh.Tests.Standalone;

public sealed class FreePortTests
{
    [Fact]
    public void No_port_is_given_twice_and_none_is_one_that_outgoing_connections_get()
    {
        var ports = Enumerable.Range(0, 200).Select(_ => FreePort.Next()).ToList();

        Assert.Equal(ports.Count, ports.Distinct().Count());
        Assert.All(ports, port => Assert.InRange(port, 20000, 29999));
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    [InlineData("0.0.0.0")]
    public void A_port_that_somebody_listens_on_is_not_free(string address)
    {
        Assert.SkipUnless(address != "::1" || Socket.OSSupportsIPv6, "no IPv6 here");
        using var listener = new TcpListener(IPAddress.Parse(address), 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;

        Assert.False(FreePort.IsFree(port));
        listener.Stop();
        Assert.True(FreePort.IsFree(port));
    }
}
