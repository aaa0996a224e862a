using System.Text.Json;
using Dograh.Api.Access;
using Dograh.Api.Deliveries;
using Dograh.Api.Http;
using Dograh.Webhooks.Data;
using Dograh.Webhooks.Deliveries;
using Microsoft.EntityFrameworkCore;

namespace Dograh.Tests.Data;

/// <summary>What is asked of a million deliveries touches a page of them, or a step: counted by PostgreSQL, not timed.</summary>
[Collection(nameof(MillionDeliveries))]
public sealed class MillionDeliveriesTests(MillionDeliveries million) : IAsyncDisposable
{
    private const int Limit = 50;

    private static readonly Dictionary<string, (DeliveryFilter Filter, int Rows)> Pages = new(StringComparer.Ordinal)
    {
        ["all"] = (new(), Limit),
        ["succeeded"] = (new() { Status = DeliveryStatus.Succeeded }, 2 * Limit),
        // One of a hundred.
        ["pending"] = (new() { Status = DeliveryStatus.Pending }, 101 * Limit),
        ["dead letters"] = (new() { Status = DeliveryStatus.DeadLetter }, Limit),
        ["host"] = (new() { EndpointHost = "crm-3.example" }, Limit),
        ["a group of dead letters"] = (new() { Status = DeliveryStatus.DeadLetter, EndpointHost = "crm-2.example", Cause = "HTTP 401" }, Limit),
        ["status code"] = (new() { StatusCode = "418" }, DeliverySearch.Step),
        ["error"] = (new() { Error = "nobody said so" }, DeliverySearch.Step),
        ["dead letters, error"] = (new() { Status = DeliveryStatus.DeadLetter, Error = "nobody said so" }, DeliverySearch.Step),
    };

    private readonly TenantDatabase _tenants = new(million.Database.ConnectionString);

    public static TheoryData<string> Names => [.. Pages.Keys];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private Caller Acme => new(million.OrganizationId);

    [Theory, MemberData(nameof(Names))]
    public async Task A_page_touches_little_more_than_it_shows_and_never_more_than_a_step(string name)
    {
        var (filter, rows) = Pages[name];
        await using var context = _tenants.CreateContext(million.OrganizationId);
        var half = await context.WebhookDeliveryListings.OrderBy(x => x.Id).Skip(MillionDeliveries.Count / 2).FirstAsync(Token);
        var search = filter.Apply(context, Acme);

        // As little far down as at the beginning.
        foreach (var page in (PageRequest[])[PageRequest.First(Limit), new DeliveryPageKey(half.CreatedAt, half.Id).ToPage(Limit)])
        {
            // A listing and its delivery; up to half as much again is how they happen to lie.
            Assert.InRange(await TouchedAsync(search.NewestFirst(page)), 1, 3 * (rows + 2));
            if (search.Sieve.Count > 0) Assert.InRange(await TouchedAsync(search.StepEnd(page)), 1, 3 * DeliverySearch.Step);
        }
    }

    [Fact]
    public async Task Few_among_a_million_are_all_found_by_going_on()
    {
        await using var context = _tenants.CreateContext(million.OrganizationId);
        var search = new DeliveryFilter { StatusCode = "418" }.Apply(context, Acme);
        var (found, pages) = (0, 0);
        for (PageRequest? next = PageRequest.First(Limit); next is not null; pages++)
        {
            var page = await search.ReadPageAsync(context, next, Token);
            found += page.Rows.Count;
            next = page.Next?.ToPage(Limit);
        }

        Assert.Equal(MillionDeliveries.Count / 100_000, found);
        Assert.InRange(pages, MillionDeliveries.Count / DeliverySearch.Step, (MillionDeliveries.Count / DeliverySearch.Step) + 1);
    }

    // The rows that the scans of a query read, let through or not.
    private static async Task<long> TouchedAsync<T>(IQueryable<T> query)
    {
        await using var command = query.CreateDbCommand();
        command.CommandText = $"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {command.CommandText}";
        await command.Connection!.OpenAsync(Token);
        var plan = JsonElement.Parse((string)(await command.ExecuteScalarAsync(Token))!);
        await command.Connection.CloseAsync();
        return Count(plan[0].GetProperty("Plan"));

        static long Count(JsonElement node)
        {
            var below = node.TryGetProperty("Plans", out var plans) ? plans.EnumerateArray().Sum(Count) : 0;
            if (!node.GetProperty("Node Type").GetString()!.Contains("Scan", StringComparison.Ordinal) || node.TryGetProperty("Plans", out _)) return below;
            var removed = node.TryGetProperty("Rows Removed by Filter", out var rows) ? rows.GetDouble() : 0;
            return below + (long)((node.GetProperty("Actual Rows").GetDouble() + removed) * node.GetProperty("Actual Loops").GetDouble());
        }
    }

    public ValueTask DisposeAsync() => _tenants.DisposeAsync();
}
