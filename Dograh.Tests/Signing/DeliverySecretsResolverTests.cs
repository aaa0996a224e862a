using Dograh.Tests.Support;
using Dograh.Webhooks.Credentials;
using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Receiver;
using Dograh.Webhooks.Sending;
using Dograh.Webhooks.Signing;
using Microsoft.Extensions.Time.Testing;
using static Dograh.Tests.Support.Given;

namespace Dograh.Tests.Signing;

public sealed class DeliverySecretsResolverTests(TestServers servers) : DatabaseTest(servers)
{
    [Fact]
    public async Task An_organization_without_a_secret_is_given_one_however_many_workers_want_it_at_once()
    {
        var claim = await ClaimAsync(ADelivery());
        var processes = Enumerable.Range(0, 4).Select(_ => TestWorker.Compose(Database, TestWorker.NoRedis)).ToList();

        var resolved = await Task.WhenAll(processes.Select(process => process.Get<DeliverySecretsResolver>().ResolveAsync([claim], Token)));

        var secret = Assert.Single(await SecretsAsync());
        Assert.Equal(("v1", null, null), (secret.Algorithm, secret.WorkflowId, secret.ExpiresAt));
        var text = processes[0].Get<SigningSecretStore>().Open(secret);
        Assert.All(resolved, one => AssertSignedWith(one[0].Keys, text));
        foreach (var process in processes) await process.DisposeAsync();
    }

    [Fact]
    public async Task A_delivery_is_signed_with_every_active_secret_of_its_organization_newest_first()
    {
        await using var process = TestWorker.Compose(Database, TestWorker.NoRedis);
        var claim = await ClaimAsync(ADelivery());
        var old = await AddSecretAsync(process, claim, SigningScope.Organization, "now() - interval '1 hour'", "now() + interval '1 hour'");
        var expired = await AddSecretAsync(process, claim, SigningScope.Organization, "now() - interval '2 hours'", "now()");
        var newest = await AddSecretAsync(process, claim, SigningScope.Organization);

        var keys = await ResolveAsync(process, claim);

        AssertSignedWith(keys, newest, old);
        Assert.False(IsSignedWith(keys, expired));
    }

    [Fact]
    public async Task A_node_that_has_secrets_of_its_own_is_signed_with_those_only_and_other_nodes_with_the_organizations()
    {
        await using var process = TestWorker.Compose(Database, TestWorker.NoRedis);
        var run = await Database.AddRunAsync(await Database.AddOrganizationAsync());
        var own = await ClaimAsync(ADelivery().Of(run).FromNode("own"));
        var other = await ClaimAsync(ADelivery().Of(run).FromNode("other"));
        var sameNameElsewhere = await ClaimAsync(ADelivery().Of(await Database.AddRunAsync(run.OrganizationId)).FromNode("own"));
        var common = await AddSecretAsync(process, own, SigningScope.Organization);
        var node = await AddSecretAsync(process, own, new SigningScope(run.WorkflowId, "own"));

        var resolved = await process.Get<DeliverySecretsResolver>().ResolveAsync([own, other, sameNameElsewhere], Token);

        AssertSignedWith(resolved[0].Keys, node);
        AssertSignedWith(resolved[1].Keys, common);
        AssertSignedWith(resolved[2].Keys, common);
    }

    [Fact]
    public async Task A_node_whose_own_secrets_have_expired_is_signed_with_the_organizations_again()
    {
        await using var process = TestWorker.Compose(Database, TestWorker.NoRedis);
        var claim = await ClaimAsync(ADelivery());
        var common = await AddSecretAsync(process, claim, SigningScope.Organization);
        var node = await AddSecretAsync(process, claim, new SigningScope(claim.WorkflowId, claim.WebhookNodeId));
        AssertSignedWith(await ResolveAsync(process, claim), node);

        await Database.ExecuteAsync("UPDATE signing_secrets SET expires_at = now() WHERE workflow_id IS NOT NULL");

        AssertSignedWith(await ResolveAsync(process, claim), common);
    }

    [Fact]
    public async Task In_a_batch_of_several_organizations_each_delivery_is_signed_with_its_own()
    {
        await using var process = TestWorker.Compose(Database, TestWorker.NoRedis);
        var (one, other) = (await ClaimAsync(ADelivery()), await ClaimAsync(ADelivery()));
        var ones = await AddSecretAsync(process, one, SigningScope.Organization);
        var others = await AddSecretAsync(process, other, SigningScope.Organization);

        var resolved = await process.Get<DeliverySecretsResolver>().ResolveAsync([other, one], Token);

        AssertSignedWith(resolved[0].Keys, others);
        AssertSignedWith(resolved[1].Keys, ones);
        Assert.False(IsSignedWith(resolved[1].Keys, others));
    }

    [Fact]
    public async Task What_was_opened_before_is_not_used_for_other_bytes()
    {
        await using var process = TestWorker.Compose(Database, TestWorker.NoRedis);
        var claim = await ClaimAsync(ADelivery());
        var first = await AddSecretAsync(process, claim, SigningScope.Organization);
        AssertSignedWith(await ResolveAsync(process, claim), first);
        var secret = Assert.Single(await SecretsAsync());
        var second = SigningSecretText.CreateSecret();

        await Database.ExecuteAsync(
            "UPDATE signing_secrets SET encrypted_secret = $1", process.Get<SigningSecretProtector>().Protect(secret.OrganizationId, secret.Id, second));

        AssertSignedWith(await ResolveAsync(process, claim), second);
    }

    [Fact]
    public async Task A_secret_that_cannot_be_opened_leaves_its_own_organization_waiting_and_the_log_says_so()
    {
        await using var process = TestWorker.Compose(Database, TestWorker.NoRedis);
        var (bad, good) = (await ClaimAsync(ADelivery()), await ClaimAsync(ADelivery()));
        await AddSecretAsync(process, bad, SigningScope.Organization);
        await AddSecretAsync(process, bad, SigningScope.Organization);
        await Database.ExecuteAsync("UPDATE signing_secrets SET encrypted_secret = '\\x00' WHERE id = (SELECT id FROM signing_secrets ORDER BY id LIMIT 1)");
        var text = await AddSecretAsync(process, good, SigningScope.Organization);

        var resolved = await process.Get<DeliverySecretsResolver>().ResolveAsync([bad, good], Token);

        // Not with the one that does open: its receiver may know the other only.
        Assert.False(resolved[0].Keys.IsReadable);
        AssertSignedWith(resolved[1].Keys, text);
        Assert.True(process.Log.Has("Is the master key the right one?"));
    }

    [Fact]
    public async Task Another_organizations_ciphertext_does_not_sign()
    {
        await using var process = TestWorker.Compose(Database, TestWorker.NoRedis);
        var (one, other) = (await ClaimAsync(ADelivery()), await ClaimAsync(ADelivery()));
        await AddSecretAsync(process, one, SigningScope.Organization);
        await AddSecretAsync(process, other, SigningScope.Organization);

        await Database.ExecuteAsync(
            "UPDATE signing_secrets SET encrypted_secret = (SELECT encrypted_secret FROM signing_secrets WHERE organization_id = $1) WHERE organization_id = $2",
            other.Key.OrganizationId, one.Key.OrganizationId);

        Assert.False((await ResolveAsync(process, one)).IsReadable);
    }

    [Fact]
    public async Task Only_a_backlogs_batches_share_what_was_read_and_for_a_tenth_of_a_second()
    {
        await using var process = TestWorker.Compose(Database, TestWorker.NoRedis);
        var time = new FakeTimeProvider();
        var resolver = new DeliverySecretsResolver(Database.DataSource, process.Get<CredentialResolver>(), process.Get<SigningKeyResolver>(), time);
        var claim = await ClaimAsync(ADelivery());
        var elsewhere = claim with { WebhookNodeId = "another" };
        var backlog = Enumerable.Repeat(claim, 32).ToList();
        var old = await AddSecretAsync(process, claim, SigningScope.Organization, "now() - interval '1 hour'");
        AssertSignedWith((await resolver.ResolveAsync(backlog, Token))[31].Keys, old);

        var added = await AddSecretAsync(process, claim, SigningScope.Organization);

        AssertSignedWith((await resolver.ResolveAsync(backlog, Token))[0].Keys, old);
        // A node that was not looked for, a few at a time, and a moment later: all read it.
        AssertSignedWith((await resolver.ResolveAsync([.. backlog, elsewhere], Token))[0].Keys, added, old);
        var newest = await AddSecretAsync(process, claim, SigningScope.Organization);
        AssertSignedWith((await resolver.ResolveAsync(backlog, Token))[0].Keys, added, old);
        AssertSignedWith((await resolver.ResolveAsync(backlog[..31], Token))[0].Keys, newest, added, old);
        await Database.ExecuteAsync("UPDATE signing_secrets SET expires_at = now() WHERE created_at < now() - interval '30 minutes'");
        time.Advance(TimeSpan.FromSeconds(0.11));
        AssertSignedWith((await resolver.ResolveAsync(backlog, Token))[0].Keys, newest, added);
    }

    [Fact]
    public async Task A_dump_of_the_database_holds_no_secret()
    {
        await using var process = TestWorker.Compose(Database, TestWorker.NoRedis);
        var claim = await ClaimAsync(ADelivery());
        var secret = await AddSecretAsync(process, claim, SigningScope.Organization);
        var pair = process.Get<SigningSecretStore>();
        await using var context = Database.NewContext();
        var asymmetric = pair.Add(context, claim.Key.OrganizationId, SigningScope.Organization, "v1a");
        await context.SaveChangesAsync(Token);

        var dump = await Api.DatabaseDump.DumpAsync(Database);

        foreach (var text in (string[])[secret["whsec_".Length..], pair.Open(asymmetric)["whsk_".Length..]])
        {
            Assert.DoesNotContain(text, dump, StringComparison.Ordinal);
            Assert.DoesNotContain(Convert.ToHexStringLower(Convert.FromBase64String(text)), dump, StringComparison.Ordinal);
        }
    }

    private static void AssertSignedWith(SigningKeys keys, params string[] secrets)
    {
        var body = "body"u8.ToArray();
        var expected = new SigningKeys([.. secrets.Select(secret => SigningKey.Open("v1", secret))]);
        Assert.Equal(expected.Sign(Guid.Empty, 5, body), keys.Sign(Guid.Empty, 5, body));
    }

    private static bool IsSignedWith(SigningKeys keys, string secret)
    {
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        return new WebhookVerifier(secret).Judge($"{Guid.Empty}", $"{now}", keys.Sign(Guid.Empty, now, []), ReadOnlyMemory<byte>.Empty) == WebhookVerdict.Valid;
    }

    private static async Task<SigningKeys> ResolveAsync(TestWorker process, ClaimedDelivery claim) =>
        Assert.Single(await process.Get<DeliverySecretsResolver>().ResolveAsync([claim], Token)).Keys;

    private async Task<ClaimedDelivery> ClaimAsync(DeliveryBuilder delivery)
    {
        var key = await Database.AddAsync(delivery);
        return Assert.Single((await Database.Store.ClaimAsync([key], "worker-a", TimeSpan.FromMinutes(1))).Claimed);
    }

    private Task<string> AddSecretAsync(
        TestWorker process, ClaimedDelivery claim, SigningScope scope, string createdAt = "now()", string expiresAt = "NULL") =>
        Database.AddSigningSecretAsync(process, claim.Key.OrganizationId, scope, createdAt, expiresAt);

    private async Task<IReadOnlyList<SigningSecret>> SecretsAsync()
    {
        await using var context = Database.NewContext();
        return [.. context.SigningSecrets];
    }
}
