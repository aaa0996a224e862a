using Dograh.Tests.Support;
using Dograh.Webhooks.Deliveries;
using static Dograh.Tests.Support.Given;

namespace Dograh.Tests.Data;

public sealed class ClaimDeliveriesTests(TestServers servers) : DatabaseTest(servers)
{
    private const string Worker = "worker-a";
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Of_many_claimers_at_once_exactly_one_gets_each_row()
    {
        var keys = await Database.AddAsync(40, ADelivery());

        var claims = await Task.WhenAll(Enumerable.Range(0, 8).Select(async n =>
        {
            var shuffled = keys.ToArray();
            Random.Shared.Shuffle(shuffled);
            return await Database.Store.ClaimAsync(shuffled, $"worker-{n}", Margin);
        }));

        Assert.Equal(keys, claims.SelectMany(claim => claim.Claimed).Select(delivery => delivery.Key).Order());
        Assert.All(await Database.DeliveriesAsync(), delivery => Assert.Equal((1, 0), (delivery.ClaimCount, delivery.LostClaims)));
        foreach (var (claim, n) in claims.Select((claim, n) => (claim, n)))
        {
            foreach (var delivery in claim.Claimed) Assert.Equal($"worker-{n}", (await Database.DeliveryAsync(delivery.Key)).LeasedBy);
        }
    }

    [Theory]
    [InlineData(DeliveryStatus.Succeeded)]
    [InlineData(DeliveryStatus.DeadLetter)]
    [InlineData(DeliveryStatus.Cancelled)]
    public async Task A_delivery_that_is_not_pending_cannot_be_claimed(DeliveryStatus status)
    {
        var key = await Database.AddAsync(ADelivery().In(status).Due());

        Assert.Empty((await ClaimAsync(key)).Claimed);
        Assert.Equal((status, 0), Told(await Database.DeliveryAsync(key)));
    }

    [Fact]
    public async Task A_delivery_that_is_not_due_cannot_be_claimed()
    {
        var key = await Database.AddAsync(ADelivery().DueIn(TimeSpan.FromMinutes(1)));

        Assert.Empty((await ClaimAsync(key)).Claimed);
        Assert.Equal((DeliveryStatus.Pending, 0), Told(await Database.DeliveryAsync(key)));
    }

    [Fact]
    public async Task A_claimed_delivery_cannot_be_claimed_while_the_lease_lasts()
    {
        var key = await Database.AddAsync(ADelivery());
        Assert.Single((await ClaimAsync(key)).Claimed);

        Assert.Empty((await Database.Store.ClaimAsync([key], "worker-b", Margin)).Claimed);
        Assert.Equal(Worker, (await Database.DeliveryAsync(key)).LeasedBy);
    }

    [Fact]
    public async Task A_lease_lasts_for_the_attempts_deadline_and_the_margin()
    {
        var key = await Database.AddAsync(ADelivery().WithTimeout(7.5));

        var claimed = Assert.Single((await ClaimAsync(key)).Claimed);

        var row = await Database.DeliveryAsync(key);
        Assert.Equal(67.5, (row.ScheduledFor - row.UpdatedAt).TotalSeconds, precision: 4);
        Assert.Equal(row.ScheduledFor, claimed.LeaseUntil);
    }

    [Fact]
    public async Task The_fencing_token_rises_with_every_claim()
    {
        var key = await Database.AddAsync(ADelivery());

        var first = Assert.Single((await ClaimAsync(key)).Claimed);
        await EndLeaseAsync(key);
        var second = Assert.Single((await ClaimAsync(key)).Claimed);

        Assert.Equal((1, 2), (first.Token, second.Token));
        Assert.Equal(1, second.AttemptNumber);
    }

    [Fact]
    public async Task A_claim_counts_as_lost_only_if_its_worker_said_nothing()
    {
        var silent = await Database.AddAsync(ADelivery());
        var released = await Database.AddAsync(ADelivery());
        var retried = await Database.AddAsync(ADelivery());
        var claims = (await Database.Store.ClaimAsync([silent, released, retried], Worker, Margin)).Claimed.ToDictionary(claim => claim.Key);
        await Database.Store.ReturnAsync([new ReturnedClaim(released, claims[released].Token, 0, WaitingFor: null)], TimeSpan.FromDays(1), Token);
        await Database.Store.RecordAsync([AFailure(claims[retried])], Worker, Token);
        await EndLeaseAsync(silent);

        var again = await Database.Store.ClaimAsync([silent, released, retried], Worker, Margin);

        Assert.Equal(3, again.Claimed.Count);
        Assert.Equal(1, (await Database.DeliveryAsync(silent)).LostClaims);
        Assert.Equal(0, (await Database.DeliveryAsync(released)).LostClaims);
        Assert.Equal(0, (await Database.DeliveryAsync(retried)).LostClaims);
    }

    [Fact]
    public async Task A_delivery_with_five_lost_claims_is_still_claimed()
    {
        var key = await Database.AddAsync(ADelivery().LeftBy("worker-x", lostClaims: 4));

        var claim = await ClaimAsync(key);

        Assert.Equal(6, Assert.Single(claim.Claimed).Token);
        Assert.Empty(claim.Poisoned);
        Assert.Equal(5, (await Database.DeliveryAsync(key)).LostClaims);
    }

    [Fact]
    public async Task A_delivery_with_more_than_five_lost_claims_is_poison_and_dead_lettered_in_place_of_being_claimed()
    {
        var key = await Database.AddAsync(ADelivery().LeftBy("worker-x", lostClaims: 5).WithAttempts(1));

        var claim = await ClaimAsync(key);

        Assert.Empty(claim.Claimed);
        Assert.Equal(key, Assert.Single(claim.Poisoned).Key);
        var row = await Database.DeliveryAsync(key);
        Assert.Equal((DeliveryStatus.DeadLetter, 1), Told(row));
        Assert.Equal((6, null), (row.LostClaims, row.LeasedBy));
        Assert.StartsWith("poison: 6 claims", row.LastError, StringComparison.Ordinal);
        Assert.Empty((await ClaimAsync(key)).Claimed);
    }

    [Fact]
    public async Task Six_workers_that_die_with_it_make_a_delivery_poison()
    {
        var key = await Database.AddAsync(ADelivery());
        for (var n = 1; n <= 6; n++)
        {
            Assert.Single((await Database.Store.ClaimAsync([key], $"worker-{n}", Margin)).Claimed);
            await EndLeaseAsync(key);
        }

        Assert.Equal(key, Assert.Single((await ClaimAsync(key)).Poisoned).Key);
    }

    [Fact]
    public async Task No_keys_claim_nothing()
    {
        await Database.AddAsync(ADelivery());

        var claim = await Database.Store.ClaimAsync([], Worker, Margin);

        Assert.Empty(claim.Claimed);
        Assert.Empty(claim.Poisoned);
    }

    [Fact]
    public async Task A_key_is_an_id_of_one_organization_only()
    {
        var key = await Database.AddAsync(ADelivery());
        var stranger = await Database.AddOrganizationAsync();

        Assert.Empty((await Database.Store.ClaimAsync([new DeliveryKey(stranger, key.Id), new DeliveryKey(key.OrganizationId, key.Id + 1)], Worker, Margin)).Claimed);
        Assert.Single((await ClaimAsync(key)).Claimed);
    }

    [Fact]
    public async Task A_key_that_is_asked_for_twice_is_claimed_once()
    {
        var key = await Database.AddAsync(ADelivery());

        Assert.Equal(1, Assert.Single((await Database.Store.ClaimAsync([key, key], Worker, Margin)).Claimed).Token);
    }

    [Fact]
    public async Task What_was_claimed_comes_in_the_order_of_the_keys()
    {
        var keys = await Database.AddAsync(20, ADelivery());

        var claim = await Database.Store.ClaimAsync([.. keys.Reverse()], Worker, Margin);

        Assert.Equal(keys, claim.Claimed.Select(delivery => delivery.Key));
    }

    [Fact]
    public async Task A_claim_brings_all_that_an_attempt_needs()
    {
        var credential = Guid.CreateVersion7();
        var key = await Database.AddAsync(ADelivery()
            .To(new Uri("https://crm.example/hook?a=%20b")).By("PUT").WithPayload("""{"ü":"\n 🎉"}""").WithHeaders(("X-One", "1"))
            .WithCredential(credential).WithAttempts(2).AtMost(7).WithBackoff(3, 40).WithTimeout(4)
            .WithTraceParent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));

        var claimed = Assert.Single((await ClaimAsync(key)).Claimed);

        var row = await Database.DeliveryAsync(key);
        Assert.Equal(
            new ClaimedDelivery
            {
                Key = key,
                Token = 1,
                DeliveryUuid = row.DeliveryUuid,
                WorkflowRunId = row.WorkflowRunId,
                WorkflowId = row.WorkflowId,
                WebhookNodeId = row.WebhookNodeId,
                EndpointUrl = "https://crm.example/hook?a=%20b",
                HttpMethod = "PUT",
                Payload = claimed.Payload,
                CustomHeaders = """[{"key":"X-One","value":"1"}]""",
                CredentialUuid = credential,
                AttemptCount = 2,
                MaxAttempts = 7,
                BaseDelaySeconds = 3,
                MaxDelaySeconds = 40,
                Timeout = TimeSpan.FromSeconds(4),
                LeaseUntil = row.ScheduledFor,
                TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                CreatedAt = row.CreatedAt,
            },
            claimed);
        Assert.Equal("""{"ü":"\n 🎉"}"""u8.ToArray(), claimed.Payload);
        Assert.Equal(3, claimed.AttemptNumber);
    }

    [Fact]
    public async Task A_claim_forgets_what_the_delivery_waited_for()
    {
        var key = await Database.AddAsync(ADelivery());
        await Database.ExecuteAsync("UPDATE webhook_deliveries SET waiting_for = 'circuit'");

        await ClaimAsync(key);

        Assert.Null((await Database.DeliveryAsync(key)).WaitingFor);
    }

    private static AttemptRecord AFailure(ClaimedDelivery claim) => new()
    {
        Key = claim.Key,
        Token = claim.Token,
        Status = DeliveryStatus.Pending,
        Attempt = new AttemptResult.Attempted { StatusCode = 503, StartedAt = DateTimeOffset.UnixEpoch },
    };

    private static (DeliveryStatus Status, int Attempts) Told(WebhookDelivery delivery) => (delivery.Status, delivery.AttemptCount);

    private Task<ClaimResult> ClaimAsync(DeliveryKey key) => Database.Store.ClaimAsync([key], Worker, Margin);

    private Task EndLeaseAsync(DeliveryKey key) => Database.ExecuteAsync(
        "UPDATE webhook_deliveries SET scheduled_for = now() - interval '1 second' WHERE organization_id = $1 AND id = $2", key.OrganizationId, key.Id);
}
