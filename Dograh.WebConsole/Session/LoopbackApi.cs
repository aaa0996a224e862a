using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography;
using System.Text;
using Dograh.Client;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;

namespace Dograh.WebConsole.Session;

/// <summary>The public API of this very process, called over its own socket: what the pages may do is what the API lets their key do.</summary>
internal sealed class LoopbackApi(IServer server) : IDisposable
{
    /// <summary>The operator's word for which organization they act.</summary>
    private const string OrganizationHeader = "X-Dograh-Organization";

    /// <summary>Whose browser a call is made for: the process's secret, and an address.</summary>
    private const string AddressHeader = "X-Dograh-Browser-Address";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly string _secret = Convert.ToHexString(RandomNumberGenerator.GetBytes(32));
    private SocketsHttpHandler? _sockets;
    private Uri? _address;

    private Uri Address => _address ??= FindAddress();

    private SocketsHttpHandler Sockets => _sockets ??= new SocketsHttpHandler
    {
        UseProxy = false,
        AllowAutoRedirect = false,
        UseCookies = false,
        // A certificate is for the name that browsers call, which is not the one called here: a connection to ourselves needs none.
        SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, _, _, errors) => errors == SslPolicyErrors.None || Address.IsLoopback },
    };

    /// <summary>A client that calls with the key of whoever has signed in.</summary>
    public DograhClient ClientOf(AuthenticationStateProvider authentication) => new(Http(new SessionHandler(authentication, _secret, Sockets)));

    /// <summary>A client that calls with a given key.</summary>
    public DograhClient ClientOf(string key) => new(Http(Sockets), key);

    /// <summary>
    /// The middleware that gives a call of the console the address of the browser that it is made for: the audit log and the limits are about people, not about
    /// this process. Nobody else knows the secret.
    /// </summary>
    public Task RestoreAddressAsync(HttpContext context, RequestDelegate next)
    {
        if (context.Request.Headers.Remove(AddressHeader, out var given) && given.ToString().Split(' ') is [var secret, var address]
            && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes(_secret)) && IPAddress.TryParse(address, out var browser))
        {
            context.Connection.RemoteIpAddress = browser;
        }

        return next(context);
    }

    public void Dispose() => _sockets?.Dispose();

    private HttpClient Http(HttpMessageHandler handler) => new(handler, disposeHandler: false) { BaseAddress = Address, Timeout = Limit };

    private Uri FindAddress()
    {
        var addresses = server.Features.Get<IServerAddressesFeature>()?.Addresses ?? [];
        var address = addresses.FirstOrDefault(x => x.StartsWith("http:", StringComparison.OrdinalIgnoreCase)) ?? addresses.FirstOrDefault()
            ?? throw new InvalidOperationException("The server listens nowhere, so that the console cannot call the API.");
        // Any address of this machine is written http://*:80, http://+:80, http://0.0.0.0:80 or http://[::]:80.
        var parts = BindingAddress(address);
        return new UriBuilder(parts.Scheme, parts.Host is "*" or "+" or "0.0.0.0" or "[::]" ? "127.0.0.1" : parts.Host, parts.Port).Uri;
    }

    private static (string Scheme, string Host, int Port) BindingAddress(string address)
    {
        var parsed = Microsoft.AspNetCore.Http.BindingAddress.Parse(address);
        return (parsed.Scheme, parsed.Host, parsed.Port);
    }

    private sealed class SessionHandler(AuthenticationStateProvider authentication, string secret, HttpMessageHandler inner) : DelegatingHandler(inner)
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var user = (await authentication.GetAuthenticationStateAsync()).User;
            if (user.FindFirst(SessionCookie.KeyClaim) is { } key) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key.Value);
            if (user.HasClaim(claim => claim.Type == SessionCookie.OperatorClaim) && user.FindFirst(SessionCookie.OrganizationClaim) is { } organization)
            {
                request.Headers.TryAddWithoutValidation(OrganizationHeader, organization.Value);
            }

            if (user.FindFirst(SessionCookie.AddressClaim) is { } address) request.Headers.TryAddWithoutValidation(AddressHeader, $"{secret} {address.Value}");
            return await base.SendAsync(request, cancellationToken);
        }
    }
}
