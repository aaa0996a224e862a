using Dograh.Chaos.Network;
using Dograh.Tests.Support;
using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Signing;
using static Dograh.Tests.Support.Given;

namespace Dograh.Tests.Chaos;

/// <summary>A worker dies at each instant of a delivery, and another one finds what it left.</summary>
/// <remarks>Mid-request: <c>Scenarios/PipelineTests</c>, "What a killed worker was sending another sends again …".</remarks>
public sealed class WorkerKillTests(TestServers servers) : KilledProcessTest(servers)
{
    [Fact]
    public async Task Killed_before_its_claim_it_has_changed_nothing_and_another_delivers_once()
    {
        var (key, trap) = await TrapAsync(Instants.Claim, TrapAction.HoldBefore);

        await KillAsync(Victims.Workers[0], trap);
        Assert.Equal((0, null), await ClaimAsync(key));
        await StartWorkerAsync();

        var row = await UntilAsync(key, DeliveryStatus.Succeeded);
        Assert.Equal((1, 0), (row.ClaimCount, row.LostClaims));
        Assert.Equal(["1"], AttemptNumbers());
        await Database.AssertConservedAsync();
    }

    [Fact]
    public async Task Killed_after_its_claim_and_before_it_knows_of_it_the_lease_ends_and_another_delivers_once()
    {
        var (key, trap) = await TrapAsync(Instants.Claim, TrapAction.HoldAnswer);
        await Eventually.TrueAsync(async () => (await Database.DeliveryAsync(key)).LeasedBy is not null);

        await KillAsync(Victims.Workers[0], trap);
        await EndLeasesAsync();
        await StartWorkerAsync();

        var row = await UntilAsync(key, DeliveryStatus.Succeeded);
        Assert.Equal((2, 1), (row.ClaimCount, row.LostClaims));
        Assert.Equal(["1"], AttemptNumbers());
        await Database.AssertConservedAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Killed_after_the_2xx_and_before_its_record_is_committed_another_delivers_once_more_under_the_same_number(bool recordIsWritten)
    {
        var (key, trap) = await TrapAsync(recordIsWritten ? Instants.Commit : Instants.Record, TrapAction.HoldBefore);
        await Receiver.RequestsAsync(1);

        await KillAsync(Victims.Workers[0], trap);
        await EndLeasesAsync();
        Assert.Equal(DeliveryStatus.Pending, (await Database.DeliveryAsync(key)).Status);
        await StartWorkerAsync();

        await UntilAsync(key, DeliveryStatus.Succeeded);
        Assert.Equal(["1", "1"], AttemptNumbers());
        Assert.Equal(Receiver.Requests[0].Body, Receiver.Requests[1].Body);
        Assert.Single(await Database.AttemptsAsync(key));
        await Database.AssertConservedAsync();
    }

    [Fact]
    public async Task Killed_when_its_record_is_committed_and_before_it_knows_of_it_nothing_is_sent_again()
    {
        var (key, trap) = await TrapAsync(Instants.Commit, TrapAction.HoldAnswer);
        await UntilAsync(key, DeliveryStatus.Succeeded);

        await KillAsync(Victims.Workers[0], trap);
        await StartWorkerAsync();

        var next = await Database.AddAsync(ADelivery().To(Receiver.At("/next")));
        await UntilAsync(next, DeliveryStatus.Succeeded);
        Assert.Single(Receiver.Requests, request => request.Path == "/hook");
        Assert.Single(await Database.AttemptsAsync(key));
        await Database.AssertConservedAsync();
    }

    [Fact]
    public async Task Killed_when_a_retry_is_committed_and_the_queue_not_told_another_makes_the_second_attempt()
    {
        Receiver.Answers(503, 200);
        var (key, trap) = await TrapAsync(Instants.Commit, TrapAction.HoldAnswer);
        await Eventually.TrueAsync(async () => (await Database.DeliveryAsync(key)).AttemptCount == 1);

        await KillAsync(Victims.Workers[0], trap);
        await StartWorkerAsync();

        var row = await UntilAsync(key, DeliveryStatus.Succeeded);
        Assert.Equal((2, 0), (row.AttemptCount, row.LostClaims));
        Assert.Equal(["1", "2"], AttemptNumbers());
        await Database.AssertConservedAsync();
    }

    private IEnumerable<string?> AttemptNumbers() => Receiver.Requests.Select(request => request.Header("X-Dograh-Delivery-Attempt"));

    private async Task<(long Claims, string? LeasedBy)> ClaimAsync(DeliveryKey key)
    {
        var row = await Database.DeliveryAsync(key);
        return (row.ClaimCount, row.LeasedBy);
    }

    // A worker that comes to this instant with the one delivery that there is.
    private async Task<(DeliveryKey Key, ProxyTrap Trap)> TrapAsync(string instant, TrapAction action)
    {
        await Victims.StartWorkerAsync();
        // As every organization has it from its creation: giving it its first secret would be a transaction more.
        var run = await Database.AddRunAsync(await Database.AddOrganizationAsync());
        await Database.AddSigningSecretAsync(await ComposeWorkerAsync(), run.OrganizationId, SigningScope.Organization);
        var trap = ToPostgres.Set(new ProxyTrap(instant, action));
        var key = await Database.AddAsync(ADelivery().Of(run).To(Receiver.Url));
        await trap.Sprung.Soon();
        return (key, trap);
    }
}
