using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace Dograh.Webhooks.Sending;

/// <summary>How TLS is spoken with receivers: 1.2 or newer, the certificate's name, dates and chain checked, and nothing else asked for it.</summary>
/// <remarks>
/// A certificate names addresses to be asked about it: its issuer's certificate, lists of what was revoked. They are the receiver's to choose, and .NET would ask
/// them past the guard. So none is asked: a receiver must send its intermediate certificates, as TLS demands, and revocation is not looked up.
/// </remarks>
internal static class ReceiverTls
{
    /// <summary>New options, to be changed by nobody else.</summary>
    public static SslClientAuthenticationOptions NewOptions() => new()
    {
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        CertificateChainPolicy = new X509ChainPolicy { DisableCertificateDownloads = true, RevocationMode = X509RevocationMode.NoCheck },
    };
}
