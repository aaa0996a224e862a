using System.Security.Cryptography;
using System.Text;
using Dograh.Tests.Support;
using Dograh.Webhooks.Credentials;

namespace Dograh.Tests.Credentials;

public sealed class CredentialProtectorTests(TestServers servers) : DatabaseTest(servers)
{
    private const string Data = """{"token":"s3cret-täken"}""";
    private static readonly Guid Uuid = Guid.CreateVersion7();

    [Fact]
    public async Task What_was_sealed_opens_again()
    {
        await using var process = Process();

        Assert.Equal(Data, Protector(process).Unprotect(1, Uuid, Protector(process).Protect(1, Uuid, Data)));
    }

    [Fact]
    public async Task What_one_process_sealed_opens_in_another()
    {
        await using var api = Process();
        await using var worker = Process();

        Assert.Equal(Data, Protector(worker).Unprotect(1, Uuid, Protector(api).Protect(1, Uuid, Data)));
    }

    [Fact]
    public async Task Another_organizations_ciphertext_does_not_open()
    {
        await using var process = Process();
        var encrypted = Protector(process).Protect(1, Uuid, Data);

        Assert.ThrowsAny<CryptographicException>(() => Protector(process).Unprotect(2, Uuid, encrypted));
    }

    [Fact]
    public async Task Another_credentials_ciphertext_does_not_open()
    {
        await using var process = Process();
        var encrypted = Protector(process).Protect(1, Uuid, Data);

        Assert.ThrowsAny<CryptographicException>(() => Protector(process).Unprotect(1, Guid.CreateVersion7(), encrypted));
    }

    [Fact]
    public async Task A_changed_byte_is_noticed()
    {
        await using var process = Process();
        var encrypted = Protector(process).Protect(1, Uuid, Data);
        encrypted[^1] ^= 1;

        Assert.ThrowsAny<CryptographicException>(() => Protector(process).Unprotect(1, Uuid, encrypted));
    }

    [Fact]
    public async Task With_another_master_key_nothing_opens_and_the_error_says_why()
    {
        byte[] encrypted;
        await using (var first = Process()) encrypted = Protector(first).Protect(1, Uuid, Data);
        await using var second = Process(("Secrets:MasterKey", Convert.ToBase64String(RandomNumberGenerator.GetBytes(32))));

        var error = Assert.ThrowsAny<CryptographicException>(() => Protector(second).Unprotect(1, Uuid, encrypted));

        Assert.Contains("The master key (Secrets:MasterKey) is not the one that the key ring in the database was made with.", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_another_master_key_nothing_is_sealed_that_the_first_could_not_open()
    {
        byte[] encrypted;
        await using (var first = Process()) encrypted = Protector(first).Protect(1, Uuid, Data);
        await using (var second = Process(("Secrets:MasterKey", Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)))))
        {
            try
            {
                Protector(second).Protect(1, Uuid, Data);
            }
            catch (CryptographicException)
            {
                // Refusing is fine too; what may not be is harm to what is there.
            }
        }

        await using var again = Process();
        Assert.Equal(Data, Protector(again).Unprotect(1, Uuid, encrypted));
    }

    [Fact]
    public async Task A_dump_of_the_database_holds_neither_the_secret_nor_a_key_that_opens_it()
    {
        await using var process = Process();
        var encrypted = Protector(process).Protect(1, Uuid, Data);
        var ring = Assert.Single(await Database.ColumnAsync<string>("SELECT xml FROM data_protection_keys"));

        Assert.DoesNotContain("s3cret", Encoding.Latin1.GetString(encrypted), StringComparison.Ordinal);
        Assert.Contains("<masterKeySealed", ring, StringComparison.Ordinal);
        Assert.DoesNotContain("<masterKey ", ring, StringComparison.Ordinal);
        Assert.DoesNotContain("<value>", ring, StringComparison.Ordinal);
    }

    private static CredentialProtector Protector(TestWorker process) => process.Get<CredentialProtector>();

    private TestWorker Process(params (string Name, object? Value)[] settings) => TestWorker.Compose(Database, TestWorker.NoRedis, settings);
}
