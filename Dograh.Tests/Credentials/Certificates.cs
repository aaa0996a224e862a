using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;

namespace Dograh.Tests.Credentials;

/// <summary>Certificates for tests: authorities, and what they sign.</summary>
internal static class Certificates
{
    /// <summary>An authority, by its own word.</summary>
    public static X509Certificate2 NewAuthority(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = ForAuthority(name, key);
        var today = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(today.AddDays(-2), today.AddDays(2));
    }

    /// <summary>An authority that another one vouches for.</summary>
    public static X509Certificate2 NewAuthority(string name, X509Certificate2 issuer)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var today = TimeProvider.System.GetUtcNow();
        using var certificate = ForAuthority(name, key).Create(issuer, today.AddDays(-1), today.AddDays(1), RandomNumberGenerator.GetBytes(8));
        return certificate.CopyWithPrivateKey(key);
    }

    /// <summary>A certificate of somebody, or of a server if the name is its address.</summary>
    public static X509Certificate2 Certify(this X509Certificate2 issuer, string name, double validDays = 1)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        if (IPAddress.TryParse(name, out var address))
        {
            var names = new SubjectAlternativeNameBuilder();
            names.AddIpAddress(address);
            request.CertificateExtensions.Add(names.Build());
        }

        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.Create(issuer, now.AddDays(-1), now.AddDays(validDays), RandomNumberGenerator.GetBytes(8));
        return certificate.CopyWithPrivateKey(key);
    }

    /// <summary>The private key in PEM form.</summary>
    public static string KeyPem(this X509Certificate2 certificate)
    {
        using AsymmetricAlgorithm? key = (AsymmetricAlgorithm?)certificate.GetECDsaPrivateKey() ?? certificate.GetRSAPrivateKey();
        return key!.ExportPkcs8PrivateKeyPem();
    }

    /// <summary>The data of a credential with the certificate, and those of its issuers.</summary>
    public static string Data(this X509Certificate2 certificate, params X509Certificate2[] issuers) => JsonSerializer.Serialize(new
    {
        certificate_pem = string.Join('\n', issuers.Prepend(certificate).Select(one => one.ExportCertificatePem())),
        private_key_pem = certificate.KeyPem(),
    });

    private static CertificateRequest ForAuthority(string name, ECDsa key)
    {
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        return request;
    }
}
