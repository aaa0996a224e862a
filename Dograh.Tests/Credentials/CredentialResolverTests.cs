using System.Text;
using Dograh.Tests.Support;
using Dograh.Webhooks.Credentials;
using Dograh.Webhooks.Deliveries;
using static Dograh.Tests.Support.Given;

namespace Dograh.Tests.Credentials;

public sealed class CredentialResolverTests(TestServers servers) : DatabaseTest(servers)
{
    private static readonly Guid Uuid = Guid.CreateVersion7();

    [Fact]
    public async Task An_active_credential_resolves_to_its_header()
    {
        await using var process = TestWorker.Compose(Database, TestWorker.NoRedis);
        var claim = await ClaimAsync(ADelivery().WithCredential(Uuid));
        await Database.AddCredentialAsync(process, claim.Key.OrganizationId, Uuid, "bearer_token", """{"token":"t"}""");

        var resolved = Assert.Single(await ResolveAsync(process, claim));

        Assert.Equal((claim.Key.OrganizationId, Uuid), resolved.Key);
        Assert.Equal(new ResolvedCredential(IsReadable: true, new CredentialHeader("Authorization", "Bearer t")), resolved.Value);
    }

    [Fact]
    public async Task A_deleted_credential_stops_resolving_at_once()
    {
        await using var process = TestWorker.Compose(Database, TestWorker.NoRedis);
        var claim = await ClaimAsync(ADelivery().WithCredential(Uuid));
        await Database.AddCredentialAsync(process, claim.Key.OrganizationId, Uuid, "bearer_token", """{"token":"t"}""");
        Assert.Single(await ResolveAsync(process, claim));

        await Database.ExecuteAsync("UPDATE external_credentials SET is_active = false");

        Assert.Empty(await ResolveAsync(process, claim));
    }

    [Fact]
    public async Task Another_organizations_credential_does_not_resolve()
    {
        await using var process = TestWorker.Compose(Database, TestWorker.NoRedis);
        var claim = await ClaimAsync(ADelivery().WithCredential(Uuid));
        await Database.AddCredentialAsync(process, await Database.AddOrganizationAsync(), Uuid, "bearer_token", """{"token":"t"}""");

        Assert.Empty(await ResolveAsync(process, claim));
    }

    [Fact]
    public async Task A_credential_of_type_none_resolves_to_no_header()
    {
        await using var process = TestWorker.Compose(Database, TestWorker.NoRedis);
        var claim = await ClaimAsync(ADelivery().WithCredential(Uuid));
        await Database.AddCredentialAsync(process, claim.Key.OrganizationId, Uuid, "none", "{}");

        Assert.Equal(new ResolvedCredential(IsReadable: true, Header: null), Assert.Single(await ResolveAsync(process, claim)).Value);
    }

    [Theory]
    [InlineData("")]
    [InlineData("garbage that nobody sealed")]
    public async Task One_that_cannot_be_decrypted_is_there_but_unreadable_and_the_log_says_so(string ciphertext)
    {
        await using var process = TestWorker.Compose(Database, TestWorker.NoRedis);
        var claim = await ClaimAsync(ADelivery().WithCredential(Uuid));
        await Database.AddCredentialAsync(claim.Key.OrganizationId, Uuid, "bearer_token", Encoding.UTF8.GetBytes(ciphertext));

        Assert.Equal(new ResolvedCredential(IsReadable: false, Header: null), Assert.Single(await ResolveAsync(process, claim)).Value);
        Assert.True(process.Log.Has($"Credential {Uuid}"));
    }

    [Fact]
    public async Task One_whose_data_is_not_JSON_is_unreadable()
    {
        await using var process = TestWorker.Compose(Database, TestWorker.NoRedis);
        var claim = await ClaimAsync(ADelivery().WithCredential(Uuid));
        await Database.AddCredentialAsync(process, claim.Key.OrganizationId, Uuid, "bearer_token", "s3cret, not JSON");

        Assert.False(Assert.Single(await ResolveAsync(process, claim)).Value.IsReadable);
        Assert.False(process.Log.Has("s3cret"));
    }

    [Fact]
    public async Task One_of_a_type_that_this_build_does_not_know_is_unreadable_for_nothing_may_be_sent_without_it()
    {
        await using var process = TestWorker.Compose(Database, TestWorker.NoRedis);
        var claim = await ClaimAsync(ADelivery().WithCredential(Uuid));
        await Database.AddCredentialAsync(process, claim.Key.OrganizationId, Uuid, "of_tomorrow", """{"token":"t"}""");

        Assert.Equal(new ResolvedCredential(IsReadable: false, Header: null), Assert.Single(await ResolveAsync(process, claim)).Value);
        Assert.True(process.Log.Has("is of a type that this build does not know"));
    }

    [Fact]
    public async Task A_batch_resolves_each_credential_of_each_organization_once()
    {
        await using var process = TestWorker.Compose(Database, TestWorker.NoRedis);
        var one = await ClaimAsync(ADelivery().WithCredential(Uuid));
        var other = await ClaimAsync(ADelivery().WithCredential(Uuid));
        var none = await ClaimAsync(ADelivery());
        await Database.AddCredentialAsync(process, one.Key.OrganizationId, Uuid, "bearer_token", """{"token":"one"}""");
        await Database.AddCredentialAsync(process, other.Key.OrganizationId, Uuid, "bearer_token", """{"token":"other"}""");

        var resolved = await ResolveAsync(process, one, one with { Token = 9 }, other, none);

        Assert.Equal(2, resolved.Count);
        Assert.Equal("Bearer one", resolved[(one.Key.OrganizationId, Uuid)].Header!.Value);
        Assert.Equal("Bearer other", resolved[(other.Key.OrganizationId, Uuid)].Header!.Value);
    }

    private static Task<IReadOnlyDictionary<(long OrganizationId, Guid Uuid), ResolvedCredential>> ResolveAsync(
        TestWorker process, params ClaimedDelivery[] deliveries) => process.Get<CredentialResolver>().ResolveAsync(deliveries, Token);

    private async Task<ClaimedDelivery> ClaimAsync(DeliveryBuilder delivery)
    {
        var key = await Database.AddAsync(delivery);
        return Assert.Single((await Database.Store.ClaimAsync([key], "worker-a", TimeSpan.FromMinutes(1))).Claimed);
    }
}
