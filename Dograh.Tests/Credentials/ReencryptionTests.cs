using System.Security.Cryptography;
using Dograh.Tests.Api;
using Dograh.Tests.Support;
using Dograh.Webhooks.Credentials;
using Dograh.Webhooks.Credentials.OAuth;
using Dograh.Webhooks.Signing;

namespace Dograh.Tests.Credentials;

/// <summary>Rotating the master key, and moving what the old one protects.</summary>
public sealed class ReencryptionTests(TestServers servers) : DatabaseTest(servers)
{
    private const string Data = """{"token":"s3cret"}""";

    private static readonly string NewKey = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
    private static readonly Guid Uuid = Guid.CreateVersion7();

    [Fact]
    public async Task A_new_master_key_opens_nothing_of_before_unless_the_previous_one_is_there_too()
    {
        byte[] encrypted;
        await using (var before = Process()) encrypted = Protector(before).Protect(1, Uuid, Data);
        await using var alone = Process(("Secrets:MasterKey", NewKey));
        await using var with = Process(("Secrets:MasterKey", NewKey), ("Secrets:PreviousMasterKeys", $" {Convert.ToBase64String(new byte[32])}, {TestWorker.MasterKey}"));

        Assert.ThrowsAny<CryptographicException>(() => Protector(alone).Unprotect(1, Uuid, encrypted));
        Assert.Equal(Data, Protector(with).Unprotect(1, Uuid, encrypted));
    }

    [Fact]
    public async Task Everything_moves_so_that_the_previous_key_can_be_forgotten_and_a_second_run_moves_nothing()
    {
        var organization = await FillAsync(credentials: 450);
        await using var rotating = Rotating();

        var first = await RunAsync(rotating);
        var second = await RunAsync(rotating);

        Assert.Equal((true, 1, 451, 1, 1), (first.NewKey, first.WrappedKeys, first.Credentials, first.SigningSecrets, first.Tokens));
        Assert.Equal((false, 0, 0, 0, 0), (second.NewKey, second.WrappedKeys, second.Credentials, second.SigningSecrets, second.Tokens));
        Assert.Empty(first.Unopened.Concat(second.Unopened));

        // With the old key a dump of the database from now on opens nothing; with the new one everything.
        await using var after = Process(("Secrets:MasterKey", NewKey));
        await AssertOpensAsync(after, organization);
        await using var old = Process();
        await Assert.ThrowsAnyAsync<CryptographicException>(() => AssertOpensAsync(old, organization));
    }

    [Fact]
    public async Task A_token_stays_good_through_it()
    {
        await FillAsync(credentials: 1);
        await using var rotating = Rotating();

        await RunAsync(rotating);

        Assert.Equal(1, await Database.ScalarAsync<long>("SELECT count(*) FROM oauth_tokens t JOIN external_credentials c ON c.uuid = t.credential_uuid AND t.credential_hash = sha256(c.encrypted_data)"));
    }

    [Fact]
    public async Task A_process_that_runs_on_opens_what_was_moved_beside_it()
    {
        var organization = await FillAsync(credentials: 1);
        await using var running = Rotating();
        await AssertOpensAsync(running, organization);
        await using var rotating = Rotating();

        await RunAsync(rotating);

        await AssertOpensAsync(running, organization);
    }

    [Fact]
    public async Task A_new_key_is_made_if_asked_for_though_the_master_key_is_the_same()
    {
        await FillAsync(credentials: 2);
        await using var process = Process();

        Assert.Equal((false, 0), Counts(await RunAsync(process)));
        Assert.Equal((true, 3), Counts(await RunAsync(process, withNewKey: true)));
        Assert.Equal(2, await Database.ScalarAsync<long>("SELECT count(*) FROM data_protection_keys"));

        static (bool, int) Counts(ReencryptionReport report) => (report.NewKey, report.Credentials);
    }

    [Fact]
    public async Task What_others_change_meanwhile_stays_as_they_have_it()
    {
        var organization = await FillAsync(credentials: 300);
        await using var rotating = Rotating();
        await using var api = Rotating();
        var changed = Protector(api).Protect(organization, Uuid, """{"token":"changed"}""");
        using var stop = new CancellationTokenSource();
        var changing = Task.Run(
            async () =>
            {
                while (!stop.IsCancellationRequested) await Database.ExecuteAsync("UPDATE external_credentials SET encrypted_data = $1 WHERE uuid = $2", changed, Uuid);
            }, Token);

        var report = await RunAsync(rotating);
        await stop.CancelAsync();
        await changing;

        Assert.Empty(report.Unopened);
        await using var after = Process(("Secrets:MasterKey", NewKey));
        var encrypted = await Database.ScalarAsync<byte[]>("SELECT encrypted_data FROM external_credentials WHERE uuid = $1", Uuid);
        Assert.Equal("""{"token":"changed"}""", Protector(after).Unprotect(organization, Uuid, encrypted));
    }

    [Fact]
    public async Task The_command_says_what_it_moved_and_names_what_it_could_not_open()
    {
        var organization = await FillAsync(credentials: 1);
        var lost = Guid.CreateVersion7();
        await Database.AddCredentialAsync(organization, lost, "bearer_token", [1, 2, 3]);
        var settings = ApiProcess.Settings(Database.ConnectionString);
        settings["SECRETS_MASTER_KEY"] = NewKey;

        await using (var foreign = await ApiProcess.StartAsync(Servers, settings, "reencrypt"))
        {
            Assert.Equal(1, await foreign.EndedAsync());
            Assert.Contains("Is the master key (Secrets:MasterKey) the right one?", foreign.Output, StringComparison.Ordinal);
        }

        settings["SECRETS_PREVIOUS_MASTER_KEYS"] = TestWorker.MasterKey;
        await using (var one = await ApiProcess.StartAsync(Servers, settings, "reencrypt"))
        {
            Assert.Equal(1, await one.EndedAsync());
            Assert.Contains("Sealed anew: 2 credentials, 1 signing secrets, 1 access tokens; 1 keys of the key ring wrapped anew, a new key made.", one.Output, StringComparison.Ordinal);
            Assert.Contains($"Not opened: credential {lost:D} of organization {organization}.", one.Output, StringComparison.Ordinal);
        }

        await Database.ExecuteAsync("DELETE FROM external_credentials WHERE uuid = $1", lost);
        settings.Remove("SECRETS_PREVIOUS_MASTER_KEYS");
        await using var again = await ApiProcess.StartAsync(Servers, settings, "reencrypt");
        Assert.True(await again.EndedAsync() == 0, again.Output);
        Assert.Contains("Sealed anew: 0 credentials", again.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_command_that_is_misspelt_does_nothing()
    {
        await using var process = await ApiProcess.StartAsync(Servers, ApiProcess.Settings(Database.ConnectionString), "reencrypt", "--newkey");

        Assert.Equal(1, await process.EndedAsync());
        Assert.Contains("reencrypt takes --new-key and nothing else.", process.Output, StringComparison.Ordinal);
    }

    private static CredentialProtector Protector(TestWorker process) => process.Get<CredentialProtector>();

    private static Task<ReencryptionReport> RunAsync(TestWorker process, bool withNewKey = false) => process.Get<Reencryption>().RunAsync(withNewKey, Token);

    private TestWorker Process(params (string Name, object? Value)[] settings) => TestWorker.Compose(Database, TestWorker.NoRedis, settings);

    private TestWorker Rotating() => Process(("Secrets:MasterKey", NewKey), ("Secrets:PreviousMasterKeys", TestWorker.MasterKey));

    // So many credentials, one more that fetches tokens and has one, and a signing secret.
    private async Task<long> FillAsync(int credentials)
    {
        await using var process = Process();
        var organization = await Database.AddOrganizationAsync();
        for (var i = 0; i < credentials; i++) await Database.AddCredentialAsync(process, organization, i == 0 ? Uuid : Guid.CreateVersion7(), "bearer_token", Data);
        var oauth = Guid.CreateVersion7();
        await Database.AddCredentialAsync(process, organization, oauth, CredentialType.OAuthClientCredentials, "{}");
        await Database.ExecuteAsync(
            """
            INSERT INTO oauth_tokens (organization_id, credential_uuid, credential_hash, encrypted_token, fetched_at, usable_until)
            SELECT organization_id, uuid, sha256(encrypted_data), $1, now(), now() + interval '1 hour' FROM external_credentials WHERE uuid = $2
            """,
            process.Get<OAuthTokenProtector>().Protect(organization, oauth, "a token"), oauth);
        await Database.AddSigningSecretAsync(process, organization, SigningScope.Organization);
        return organization;
    }

    private async Task AssertOpensAsync(TestWorker process, long organization)
    {
        await using var database = Database.NewContext();
        foreach (var credential in database.ExternalCredentials)
        {
            Assert.NotEmpty(Protector(process).Unprotect(credential.CredentialType, organization, credential.Uuid, credential.EncryptedData));
        }

        foreach (var secret in database.SigningSecrets) Assert.StartsWith("whsec_", process.Get<SigningSecretStore>().Open(secret), StringComparison.Ordinal);
        foreach (var token in database.OAuthTokens) Assert.Equal("a token", process.Get<OAuthTokenProtector>().Unprotect(organization, token.CredentialUuid, token.EncryptedToken!));
    }
}
