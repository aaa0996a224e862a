using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Dograh.Standalone;

/// <summary>Finds TCP ports of the loopback interface that nothing listens on.</summary>
/// <remarks>
/// A port that is free now can be taken before its server binds it. To make that unlikely the ports come from below the range
/// out of which systems serve outgoing connections (32768 and up on Linux, 49152 elsewhere), and none is handed out twice by one program.
/// </remarks>
public static class FreePort
{
    private const int First = 20000;
    private const int Last = 29999;

    private static readonly ConcurrentDictionary<int, bool> HandedOut = new();

    /// <summary>A free port that this program has not been given before.</summary>
    /// <exception cref="StandaloneException">No port is free.</exception>
    public static int Next()
    {
        for (var attempt = 0; attempt < 1000; attempt++)
        {
            var port = Random.Shared.Next(First, Last + 1);
            if (HandedOut.TryAdd(port, true) && IsFree(port))
            {
                return port;
            }
        }

        throw new StandaloneException($"No TCP port between {First} and {Last} is free on this machine.");
    }

    /// <summary>Whether a server could listen on the port now, on 127.0.0.1 and (where there is one) on ::1.</summary>
    /// <param name="port">1–65535.</param>
    public static bool IsFree(int port) =>
        CanListen(IPAddress.Loopback, port)
        && (!Socket.OSSupportsIPv6 || CanListen(IPAddress.IPv6Loopback, port))
        && !SomeoneAnswers(port);

    private static bool CanListen(IPAddress address, int port)
    {
        try
        {
            using var listener = new TcpListener(address, port);
            listener.Start();
            return true;
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressNotAvailable)
        {
            return true; // a machine without ::1: nobody listens there, and neither shall we
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>BSD systems and Windows let one listen on 127.0.0.1 beside a server of every address, which would then get the calls.</summary>
    private static bool SomeoneAnswers(int port)
    {
        if (OperatingSystem.IsLinux())
        {
            return false;
        }

        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Connect(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
