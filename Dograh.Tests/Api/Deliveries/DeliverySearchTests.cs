using Dograh.Api.Access;
using Dograh.Api.Deliveries;
using Dograh.Tests.Support;
using Dograh.Webhooks.Deliveries;
using static Dograh.Tests.Support.Given;

namespace Dograh.Tests.Api.Deliveries;

/// <summary>Looking for what no index tells: some rows at a time, and counting.</summary>
public sealed class DeliverySearchTests(ApiFixture fixture) : ApiTest(fixture)
{
    [Fact]
    public async Task A_page_that_has_not_found_enough_in_so_many_rows_says_where_to_go_on()
    {
        var acme = await Api.NewOrganizationAsync();
        await Database.AddManyAsync(await Database.AddRunAsync(acme.Id), (2 * DeliverySearch.Step) + 10, $"CASE WHEN n IN (5, {DeliverySearch.Step}, {DeliverySearch.Step + 1}) THEN 418 ELSE 503 END");

        var pages = new List<int>();
        var cursor = "";
        do
        {
            var page = (await acme.GetAsync($"deliveries?status_code=418{cursor}")).Is(200);
            pages.Add(page.Items().Count);
            cursor = page.IsNull("next_cursor") ? "" : $"&cursor={page.Text("next_cursor")}";
        }
        while (cursor.Length > 0);

        // Newest first, so that the first ones stored are in the last and the last but one step.
        Assert.Equal([0, 2, 1], pages);
    }

    [Fact]
    public async Task What_matches_is_counted()
    {
        var acme = await Api.NewOrganizationAsync();
        var run = await Database.AddRunAsync(acme.Id);
        await Database.AddAsync(3, ADelivery().Of(run).FailedWith(503, "HTTP 503: "));
        await Database.AddAsync(2, ADelivery().Of(run).In(DeliveryStatus.DeadLetter).FailedWith(503, "HTTP 503: "));
        await Database.AddAsync(ADelivery());

        foreach (var (query, count) in ((string, int)[])[("", 5), ("?status=pending", 3), ("?status_code=503&status=dead_letter", 2), ("?error=none of it", 0), ($"?workflow_id={run.WorkflowId}", 5)])
        {
            (await acme.GetAsync($"deliveries/count{query}")).Is(200).Matches($$"""{"count": {{count}}, "is_exact": true}""");
        }
    }

    [Fact]
    public async Task What_would_take_too_long_to_count_is_counted_as_far_as_a_step()
    {
        var acme = await Api.NewOrganizationAsync();
        await Database.AddManyAsync(await Database.AddRunAsync(acme.Id), 2 * DeliverySearch.Step, "503");
        await using var context = Database.NewContext();
        var search = new DeliveryFilter { StatusCode = "503" }.Apply(context, new Caller(acme.Id));

        Assert.Equal(new DeliveryCountView(DeliverySearch.Step, IsExact: false), await search.CountAsync(context, TimeSpan.FromMilliseconds(1), Token));
        Assert.Equal(new DeliveryCountView(2 * DeliverySearch.Step, IsExact: true), await search.CountAsync(context, TimeSpan.FromMinutes(1), Token));
    }
}
