using Dograh.Tests.Support;
using Dograh.Webhooks.Deliveries;
using static Dograh.Tests.Support.Given;

namespace Dograh.Tests.Api.Organizations;

public sealed class BacklogsApiTests(TestServers servers)
{
    [Fact]
    public async Task Each_organization_is_listed_with_what_it_has_waiting_and_parked()
    {
        await using var api = await ApiHost.StartAsync(servers);
        var (idle, acme, parked) = (await api.NewOrganizationAsync("Idle"), await api.NewOrganizationAsync("Acme"), await api.NewOrganizationAsync("Parked"));
        var run = await api.Database.AddRunAsync(acme.Id);
        await api.Database.AddAsync(2, ADelivery().Of(run).DueIn(TimeSpan.FromSeconds(-100)));
        await api.Database.AddAsync(ADelivery().Of(run).DueIn(TimeSpan.FromSeconds(100)));
        await api.Database.AddAsync(ADelivery().Of(run).In(DeliveryStatus.Succeeded));
        await api.Database.AddAsync(3, ADelivery().Of(await api.Database.AddRunAsync(parked.Id)).In(DeliveryStatus.DeadLetter));

        var items = (await api.Admin.GetAsync("organizations/backlog")).Is(200).Items();

        Assert.Equal(["id", "name", "created_at", "pending", "due", "oldest_due_age_seconds", "dead_letters"], items[0].Names());
        Assert.Equal(
            [(parked.Id, "Parked", 0, 0, 3), (acme.Id, "Acme", 3, 2, 0), (idle.Id, "Idle", 0, 0, 0)],
            items.Select(x => (x.Number("id"), x.Text("name"), x.Number("pending"), x.Number("due"), x.Number("dead_letters"))));
        Assert.InRange(items[1].Double("oldest_due_age_seconds"), 100, 160);
        Assert.Equal([0, 0], ((int[])[0, 2]).Select(n => items[n].Double("oldest_due_age_seconds")));
    }
}
