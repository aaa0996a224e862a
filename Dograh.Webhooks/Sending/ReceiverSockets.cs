using System.Net;
using System.Text;

namespace Dograh.Webhooks.Sending;

/// <summary>The connections that requests leave over: egress guarded, nothing followed, kept, decompressed or retried by itself.</summary>
internal static class ReceiverSockets
{
    // The deadline of an attempt covers connecting; this only ends a connect that outlived the request it was begun for.
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(60);

    // Names may come to mean other addresses; no connection lives longer than this.
    private static readonly TimeSpan ConnectionLifetime = TimeSpan.FromMinutes(2);

    /// <summary>A pool of connections of its own.</summary>
    public static SocketsHttpHandler New(EgressConnector connector) => new()
    {
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        ConnectCallback = connector.ConnectAsync,
        ConnectTimeout = ConnectTimeout,
        MaxResponseHeadersLength = 64,
        MaxResponseDrainSize = 0,
        PooledConnectionLifetime = ConnectionLifetime,
        RequestHeaderEncodingSelector = static (_, _) => Encoding.UTF8,
        SslOptions = ReceiverTls.NewOptions(),
        UseCookies = false,
        UseProxy = false,
    };
}
