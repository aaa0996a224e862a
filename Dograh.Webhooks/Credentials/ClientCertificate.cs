using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;

namespace Dograh.Webhooks.Credentials;

/// <summary>A certificate and its key that prove us to a receiver as TLS is negotiated.</summary>
/// <remarks>A class and not a record: nothing prints it, for it holds a private key.</remarks>
public sealed class ClientCertificate
{
    internal const string CertificateField = "certificate_pem";
    internal const string KeyField = "private_key_pem";

    private const int MinRsaBits = 2048;

    private readonly string _certificatePem;
    private readonly string _keyPem;

    private ClientCertificate(CredentialVersion version, string certificatePem, string keyPem) =>
        (Version, _certificatePem, _keyPem) = (version, certificatePem, keyPem);

    /// <summary>Which state of which credential it is: connections made with it serve no other.</summary>
    public CredentialVersion Version { get; }

    /// <summary>Reads a credential's data; nothing is parsed before it is needed.</summary>
    /// <exception cref="KeyNotFoundException">Half of it is missing.</exception>
    public static ClientCertificate Read(CredentialVersion version, JsonElement data) =>
        new(version, data.GetProperty(CertificateField).GetString() ?? "", data.GetProperty(KeyField).GetString() ?? "");

    /// <summary>Opens the certificate with its key, and the certificates of its issuers that came with it.</summary>
    /// <exception cref="CryptographicException">They cannot be read.</exception>
    /// <exception cref="ArgumentException">They do not go together.</exception>
    public (X509Certificate2 Certificate, X509Certificate2Collection Issuers) Open()
    {
        var issuers = new X509Certificate2Collection();
        issuers.ImportFromPem(_certificatePem);
        using (issuers[0]) issuers.RemoveAt(0);
        var certificate = X509Certificate2.CreateFromPem(_certificatePem, _keyPem);
        if (!OperatingSystem.IsWindows()) return (certificate, issuers);
        // There TLS does not take a key that is nowhere but in this process.
        using (certificate) return (X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), password: null), issuers);
    }

    /// <summary>What is wrong with a certificate and key; null if they can be used. Quotes neither.</summary>
    internal static (string Field, string Fault)? FindFault(JsonElement data, DateTimeOffset now)
    {
        var certificates = new X509Certificate2Collection();
        try
        {
            if (!TryImport(certificates, data.GetProperty(CertificateField).GetString()!)) return (CertificateField, "holds no certificate in PEM form that can be read");
            var keyPem = data.GetProperty(KeyField).GetString()!;
            if (keyPem.Contains("-----BEGIN ENCRYPTED PRIVATE KEY-----", StringComparison.Ordinal) || keyPem.Contains("Proc-Type: 4,ENCRYPTED", StringComparison.Ordinal))
            {
                return (KeyField, "is encrypted with a passphrase; give it without one, it is stored encrypted");
            }

            using var rsa = certificates[0].GetRSAPublicKey();
            using var ecdsa = certificates[0].GetECDsaPublicKey();
            if (rsa is null && ecdsa is null) return (CertificateField, "must have an RSA or ECDSA key");
            if (rsa?.KeySize < MinRsaBits) return (CertificateField, $"must have an RSA key of at least {MinRsaBits} bits");
            if (rsa is null ? !TryReadKey(ECDsa.Create(), keyPem, out var key) : !TryReadKey(RSA.Create(), keyPem, out key))
            {
                return (KeyField, "holds no private key in PEM form of the certificate's kind");
            }

            using (key)
            {
                if (!key.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual((rsa ?? (AsymmetricAlgorithm)ecdsa!).ExportSubjectPublicKeyInfo())) return (KeyField, "is not the key of the (first) certificate");
            }

            return certificates[0].NotAfter.ToUniversalTime() <= now.UtcDateTime ? (CertificateField, "has expired") : null;
        }
        catch (CryptographicException)
        {
            // A key or a curve that this machine's library does not know.
            return (CertificateField, "has a key that cannot be used here");
        }
        finally
        {
            foreach (var certificate in certificates) certificate.Dispose();
        }
    }

    private static bool TryImport(X509Certificate2Collection certificates, string pem)
    {
        try
        {
            certificates.ImportFromPem(pem);
            return certificates.Count > 0;
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    private static bool TryReadKey(AsymmetricAlgorithm algorithm, string pem, [NotNullWhen(true)] out AsymmetricAlgorithm? key)
    {
        key = algorithm;
        try
        {
            algorithm.ImportFromPem(pem);
            // A public key is taken too; only a private one can be written out as such.
            algorithm.ExportPkcs8PrivateKey();
            return true;
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            algorithm.Dispose();
            key = null;
            return false;
        }
    }
}
