using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Dograh.Webhooks.Credentials;
using Dograh.Webhooks.Sending;
using Microsoft.Extensions.Options;

namespace Dograh.Tests.Credentials;

public sealed class CredentialDataTests
{
    private static readonly EgressGuard Guard = new(Options.Create(new EgressOptions()));

    [Theory]
    [InlineData("none", "{}")]
    [InlineData("none", "null")]
    [InlineData("bearer_token", """{"token":"t"}""")]
    [InlineData("api_key", """{"header_name":"X-Key","api_key":"k"}""")]
    [InlineData("basic_auth", """{"username":"","password":""}""")]
    [InlineData("basic_auth", """{"username":"u","password":"a:b"}""")]
    [InlineData("custom_header", """{"header_name":"Authorization","header_value":"Token t"}""")]
    [InlineData("bearer_token", """{"token":"t","more":1}""")]
    [InlineData("oauth2_client_credentials", """{"token_url":"https://issuer.example/token?tenant=1","client_id":"c","client_secret":"s"}""")]
    [InlineData("oauth2_client_credentials", """{"token_url":"http://issuer.example/token","client_id":"c:1","client_secret":"s","scope":null,"audience":"https://crm.example/"}""")]
    public void What_makes_a_header_has_no_fault(string type, string data) => Assert.Empty(Faults(type, data));

    [Theory]
    [InlineData("oauth", "{}", "credential_type: must be one of none, bearer_token, api_key, basic_auth, custom_header, oauth2_client_credentials, mtls")]
    [InlineData("Bearer_Token", """{"token":"t"}""", "credential_type: must be one of none, bearer_token, api_key, basic_auth, custom_header, oauth2_client_credentials, mtls")]
    [InlineData("bearer_token", "[]", "credential_data: must be an object")]
    [InlineData("bearer_token", "null", "credential_data.token: is required")]
    [InlineData("bearer_token", "{}", "credential_data.token: is required")]
    [InlineData("bearer_token", """{"token":null}""", "credential_data.token: is required")]
    [InlineData("bearer_token", """{"token":7}""", "credential_data.token: must be a string")]
    [InlineData("bearer_token", """{"token":""}""", "credential_data.token: must not be empty")]
    [InlineData("bearer_token", """{"token":"s3cret\r\nX-Evil: 1"}""", "credential_data.token: must not contain a control character")]
    [InlineData("bearer_token", """{"token":"s3cret\u0000"}""", "credential_data.token: must not contain a control character")]
    [InlineData("api_key", """{"api_key":"k"}""", "credential_data.header_name: is required")]
    [InlineData("api_key", """{"header_name":"X Key","api_key":"k"}""", "credential_data.header_name: is not a legal header name")]
    [InlineData("api_key", """{"header_name":"","api_key":"k"}""", "credential_data.header_name: is not a legal header name")]
    [InlineData("api_key", """{"header_name":"X-Kéy","api_key":"k"}""", "credential_data.header_name: is not a legal header name")]
    [InlineData("custom_header", """{"header_name":"content-length","header_value":"0"}""", "credential_data.header_name: is a header that every delivery sets itself")]
    [InlineData("custom_header", """{"header_name":"x-dograh-delivery-id","header_value":"0"}""", "credential_data.header_name: is a header that every delivery sets itself")]
    [InlineData("basic_auth", """{"username":"a:b","password":"p"}""", "credential_data.username: must not contain a colon")]
    [InlineData("oauth2_client_credentials", """{"client_id":"c","client_secret":"s"}""", "credential_data.token_url: is required")]
    [InlineData("oauth2_client_credentials", """{"token_url":"https://issuer.example/","client_id":"c"}""", "credential_data.client_secret: is required")]
    [InlineData("oauth2_client_credentials", """{"token_url":"https://issuer.example/","client_id":"","client_secret":"s"}""", "credential_data.client_id: must not be empty")]
    [InlineData("oauth2_client_credentials", """{"token_url":"https://issuer.example/","client_id":"c","client_secret":"s3cret\n"}""", "credential_data.client_secret: must not contain a control character")]
    [InlineData("oauth2_client_credentials", """{"token_url":"https://issuer.example/","client_id":"c","client_secret":"s","scope":7}""", "credential_data.scope: must be a string")]
    [InlineData("oauth2_client_credentials", """{"token_url":"https://issuer.example/","client_id":"c","client_secret":"s","audience":""}""", "credential_data.audience: must not be empty")]
    [InlineData("oauth2_client_credentials", """{"token_url":"issuer.example/token","client_id":"c","client_secret":"s"}""", "credential_data.token_url: must be an absolute http or https URL")]
    [InlineData("oauth2_client_credentials", """{"token_url":"file:///token","client_id":"c","client_secret":"s"}""", "credential_data.token_url: must be an absolute http or https URL")]
    [InlineData("oauth2_client_credentials", """{"token_url":"ftp://issuer.example/","client_id":"c","client_secret":"s"}""", "credential_data.token_url: only http and https URLs can be sent to")]
    [InlineData("oauth2_client_credentials", """{"token_url":"https://issuer.example/#x","client_id":"c","client_secret":"s"}""", "credential_data.token_url: must not have a fragment (#)")]
    [InlineData("oauth2_client_credentials", """{"token_url":"https://u:s3cret@issuer.example/","client_id":"c","client_secret":"s"}""", "credential_data.token_url: a URL must not hold a user name or password; use a credential")]
    [InlineData("oauth2_client_credentials", """{"token_url":"https://169.254.169.254/token","client_id":"c","client_secret":"s"}""", "credential_data.token_url: egress to 169.254.169.254 is not allowed: it is not a public address, and not in Egress:AllowedNetworks")]
    [InlineData("mtls", """{"certificate_pem":"c"}""", "credential_data.private_key_pem: is required")]
    [InlineData("mtls", """{"certificate_pem":"s3cret","private_key_pem":"s3cret"}""", "credential_data.certificate_pem: holds no certificate in PEM form that can be read")]
    [InlineData("mtls", """{"certificate_pem":"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----","private_key_pem":"s3cret"}""", "credential_data.certificate_pem: holds no certificate in PEM form that can be read")]
    public void A_fault_is_named_by_its_field_and_never_quotes_a_value(string type, string data, string expected) =>
        Assert.Equal(expected, Assert.Single(Faults(type, data)));

    [Fact]
    public void Every_fault_is_told_at_once() =>
        Assert.Equal(
            ["credential_data.header_name: is required", "credential_data.header_value: is required"],
            Faults("custom_header", "{}"));

    [Fact]
    public void A_value_of_more_than_16_KiB_is_refused() =>
        Assert.Equal("credential_data.token: must be at most 16384 characters", Assert.Single(Faults("bearer_token", $$"""{"token":"{{new string('x', 16_385)}}"}""")));

    [Fact]
    public void A_token_endpoint_without_TLS_is_refused_where_http_is_not_allowed()
    {
        var guard = new EgressGuard(Options.Create(new EgressOptions { AllowHttp = false }));
        var data = JsonElement.Parse("""{"token_url":"http://issuer.example/","client_id":"c","client_secret":"s"}""");

        var fault = Assert.Single(CredentialData.FindFaults("oauth2_client_credentials", data, guard, TimeProvider.System.GetUtcNow()));

        Assert.Equal(("credential_data.token_url", "only https URLs can be sent to (Egress:AllowHttp is off)"), (fault.Key, fault.Value[0]));
    }

    [Fact]
    public void A_certificate_and_its_key_have_no_fault_of_either_kind_and_in_any_PEM_form()
    {
        using var authority = Certificates.NewAuthority("An authority");
        using var certificate = authority.Certify("somebody");
        using var ecdsa = certificate.GetECDsaPrivateKey();
        using var rsa = RSA.Create(2048);
        using var self = new CertificateRequest("CN=somebody", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSelfSigned(Now.AddDays(-1), Now.AddDays(1));

        Assert.Empty(Faults("mtls", certificate.Data(authority)));
        Assert.Empty(Faults("mtls", Pem(certificate.ExportCertificatePem(), ecdsa!.ExportECPrivateKeyPem())));
        Assert.Empty(Faults("mtls", Pem(self.ExportCertificatePem().Replace("\n", "\r\n", StringComparison.Ordinal), rsa.ExportRSAPrivateKeyPem())));
        Assert.Empty(Faults("mtls", self.Data()));
    }

    [Fact]
    public void What_of_a_certificate_cannot_be_sent_is_named()
    {
        using var authority = Certificates.NewAuthority("An authority");
        using var certificate = authority.Certify("somebody");
        using var other = authority.Certify("another");
        using var expired = authority.Certify("late", validDays: -0.5);
        using var small = RSA.Create(1024);
        using var weak = new CertificateRequest("CN=weak", small, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSelfSigned(Now.AddDays(-1), Now.AddDays(1));
        using var rsa = RSA.Create(2048);
        using var key = certificate.GetECDsaPrivateKey();
        var pem = certificate.ExportCertificatePem();

        Assert.Equal("credential_data.private_key_pem: is not the key of the (first) certificate", Fault(pem, other.KeyPem()));
        Assert.Equal("credential_data.private_key_pem: is not the key of the (first) certificate", Fault(authority.ExportCertificatePem() + "\n" + pem, certificate.KeyPem()));
        Assert.Equal("credential_data.private_key_pem: holds no private key in PEM form of the certificate's kind", Fault(pem, rsa.ExportPkcs8PrivateKeyPem()));
        Assert.Equal("credential_data.private_key_pem: holds no private key in PEM form of the certificate's kind", Fault(pem, key!.ExportSubjectPublicKeyInfoPem()));
        Assert.Equal("credential_data.private_key_pem: holds no private key in PEM form of the certificate's kind", Fault(pem, "s3cret"));
        Assert.Equal("credential_data.private_key_pem: holds no private key in PEM form of the certificate's kind", Fault(pem, certificate.KeyPem() + certificate.KeyPem()));
        Assert.Equal(
            "credential_data.private_key_pem: is encrypted with a passphrase; give it without one, it is stored encrypted",
            Fault(pem, key.ExportEncryptedPkcs8PrivateKeyPem("s3cret", new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000))));
        Assert.Equal("credential_data.certificate_pem: has expired", Assert.Single(Faults("mtls", expired.Data())));
        Assert.Equal("credential_data.certificate_pem: must have an RSA key of at least 2048 bits", Assert.Single(Faults("mtls", weak.Data())));

        static string Fault(string certificatePem, string keyPem) => Assert.Single(Faults("mtls", Pem(certificatePem, keyPem)));
    }

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    private static string Pem(string certificate, string key) => JsonSerializer.Serialize(new { certificate_pem = certificate, private_key_pem = key });

    private static IEnumerable<string> Faults(string type, string data)
    {
        using var document = JsonDocument.Parse(data);
        return [.. CredentialData.FindFaults(type, document.RootElement, Guard, TimeProvider.System.GetUtcNow()).Select(fault => $"{fault.Key}: {string.Join("; ", fault.Value)}")];
    }
}
