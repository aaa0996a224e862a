using System.Net.Security;
using Dograh.Webhooks.Credentials;

namespace Dograh.Webhooks.Sending;

/// <summary>Sends a request over connections that prove us by its credential's certificate, or over those that all others share.</summary>
/// <remarks>
/// A connection's proof is of whoever made it, so each version of each certificate has connections of its own. Those of the versions that are used least are closed
/// when there are too many, and all that have not been used for a while.
/// <para>A receiver that does not ask for the certificate is sent nothing: it would get a request without its credential.</para>
/// </remarks>
internal sealed class ClientCertificateHandler : HttpMessageHandler
{
    /// <summary>How many are kept that nobody is using.</summary>
    public const int MaxUnused = 128;

    private static readonly TimeSpan IdleLimit = TimeSpan.FromMinutes(2);

    private readonly EgressConnector _connector;
    private readonly TimeProvider _time;
    private readonly HttpMessageInvoker _without;
    private readonly ITimer _closing;
    private readonly Lock _lock = new();
    private readonly Dictionary<CredentialVersion, Pool> _pools = [];

    public ClientCertificateHandler(EgressConnector connector, TimeProvider time)
    {
        _connector = connector;
        _time = time;
        _without = new HttpMessageInvoker(new LargeBodyHandler(ReceiverSockets.New(connector), ReceiverSockets.New(connector), time));
        _closing = time.CreateTimer(_ => CloseUnused(), state: null, IdleLimit, IdleLimit);
    }

    /// <summary>How many certificates have connections of their own.</summary>
    public int Pools
    {
        get
        {
            lock (_lock) return _pools.Count;
        }
    }

    /// <summary>The connections of a certificate, kept at least until the lease is disposed.</summary>
    /// <exception cref="UnsendableException">The certificate cannot be used.</exception>
    public Lease Rent(ClientCertificate certificate)
    {
        lock (_lock)
        {
            if (!_pools.TryGetValue(certificate.Version, out var pool)) pool = _pools[certificate.Version] = new Pool(Open(certificate));
            pool.Users++;
            return new Lease(this, pool);
        }
    }

    /// <summary>Closes what has not been used for a while, and of the rest what was used longest ago where there is too much.</summary>
    public void CloseUnused()
    {
        var closed = new List<Pool>();
        lock (_lock)
        {
            var unused = _pools.Where(pool => pool.Value.Users == 0).OrderByDescending(pool => pool.Value.UsedAt).ToList();
            foreach (var (version, pool) in unused.Where((pool, index) => index >= MaxUnused || _time.GetElapsedTime(pool.Value.UsedAt) >= IdleLimit))
            {
                _pools.Remove(version);
                closed.Add(pool);
            }
        }

        foreach (var pool in closed) pool.Dispose();
    }

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        (AttemptCapture.Of(request).Connections?.Invoker ?? _without).SendAsync(request, cancellationToken);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _closing.Dispose();
            _without.Dispose();
            lock (_lock)
            {
                foreach (var pool in _pools.Values) pool.Dispose();
                _pools.Clear();
            }
        }

        base.Dispose(disposing);
    }

    private (HttpMessageInvoker Invoker, IDisposable Certificate) Open(ClientCertificate certificate)
    {
        try
        {
            var (leaf, issuers) = certificate.Open();
            // Offline: what the certificate names is not asked for.
            var context = SslStreamCertificateContext.Create(leaf, issuers, offline: true);
            return (new HttpMessageInvoker(new LargeBodyHandler(NewSockets(context), NewSockets(context), _time)), leaf);
        }
        catch (Exception e) when (e is System.Security.Cryptography.CryptographicException or ArgumentException)
        {
            throw new UnsendableException("the client certificate cannot be used here");
        }
    }

    private SocketsHttpHandler NewSockets(SslStreamCertificateContext context)
    {
        var sockets = ReceiverSockets.New(_connector);
        sockets.SslOptions.ClientCertificateContext = context;
        sockets.PlaintextStreamFilter = static (made, _) => made.PlaintextStream is SslStream { IsMutuallyAuthenticated: true }
            ? ValueTask.FromResult(made.PlaintextStream)
            : throw new CertificateNotTakenException();
        return sockets;
    }

    private void Return(Pool pool)
    {
        bool isFull;
        lock (_lock)
        {
            pool.Users--;
            pool.UsedAt = _time.GetTimestamp();
            isFull = _pools.Count > MaxUnused;
        }

        if (isFull) CloseUnused();
    }

    /// <summary>The use of a certificate's connections.</summary>
    internal sealed class Lease(ClientCertificateHandler handler, Pool pool) : IDisposable
    {
        /// <summary>Sends over them.</summary>
        public HttpMessageInvoker Invoker => pool.Invoker;

        public void Dispose() => handler.Return(pool);
    }

    /// <summary>A certificate's connections.</summary>
    internal sealed class Pool((HttpMessageInvoker Invoker, IDisposable Certificate) opened) : IDisposable
    {
        public HttpMessageInvoker Invoker => opened.Invoker;

        public int Users { get; set; }

        public long UsedAt { get; set; }

        public void Dispose()
        {
            opened.Invoker.Dispose();
            opened.Certificate.Dispose();
        }
    }
}

/// <summary>The receiver did not ask for the certificate that it is to know us by: nothing was sent.</summary>
internal sealed class CertificateNotTakenException() : Exception("the receiver did not ask for the client certificate, and nothing was sent without it");
