using System.Buffers.Text;
using System.Text;
using Dograh.Tests.Api.Workflows;
using Dograh.Tests.Support;

namespace Dograh.Tests.Api.Http;

/// <summary>The lists, which page alike.</summary>
public sealed class PageTests(ApiFixture fixture) : ApiTest(fixture)
{
    public static TheoryData<string> Lists => ["organizations", "organizations/backlog", "api-keys", "credentials", "workflows", "deliveries", "signing-secrets", "signing-keys", "audit", "bins"];

    [Fact]
    public void Every_list_there_is_is_tested_here() => Assert.Equal(
        Lists.Select(list => list.Data).Order(StringComparer.Ordinal),
        Api.Routes.Where(route => route is { Method: "GET", HasId: false } && route.With("") is not ("dead-letters" or "deliveries/count" or "deliveries/export" or "stats" or "stats/timeline" or "me" or "quotas" or "workflows/context-variables"))
            .Select(route => route.With("")).Order(StringComparer.Ordinal));

    [Theory, MemberData(nameof(Lists))]
    public async Task A_page_holds_items_newest_first_and_the_cursor_of_the_next(string list)
    {
        var caller = await CallerAsync(list);
        var ids = await AddAsync(list, caller, 5);

        var first = (await caller.GetAsync($"{list}?limit=3")).Is(200);
        var second = (await caller.GetAsync($"{list}?limit=3&cursor={first.Text("next_cursor")}")).Is(200);

        Assert.Equal(["items", "next_cursor"], first.Names());
        Assert.Equal(Enumerable.Reverse(ids).Take(3), Ids(first));
        Assert.Equal(Enumerable.Reverse(ids).Skip(3), Ids(second).Take(2));
        Assert.Equal(first.Items().Concat(second.Items()).Select(item => item.Time("created_at")).OrderDescending(), first.Items().Concat(second.Items()).Select(item => item.Time("created_at")));
    }

    [Theory, MemberData(nameof(Lists))]
    public async Task Paging_while_rows_are_added_shows_each_row_that_was_there_once(string list)
    {
        var caller = await CallerAsync(list);
        await AddAsync(list, caller, 7);
        var there = await AllAsync(list, caller, limit: 200);

        var seen = await AllAsync(list, caller, limit: 2, beforeNextPage: () => AddAsync(list, caller, 1));

        Assert.Equal(there, seen);
    }

    [Theory, MemberData(nameof(Lists))]
    public async Task Rows_of_one_instant_are_each_shown_once(string list)
    {
        var caller = await CallerAsync(list);
        var ids = await AddAsync(list, caller, 7);
        var table = list switch { "api-keys" => "api_keys", "credentials" => "external_credentials", "deliveries" => "webhook_deliveries", "signing-secrets" or "signing-keys" => "signing_secrets", "audit" => "audit_events", "bins" => "request_bins", "organizations/backlog" => "organizations", _ => list };
        await Database.ExecuteAsync($"UPDATE {table} SET created_at = '2026-01-01T00:00:00.123456Z'");
        await Database.ListDeliveriesAsync();

        var seen = await AllAsync(list, caller, limit: 2);

        Assert.Equal(seen.Distinct(), seen);
        Assert.Empty(ids.Except(seen));
    }

    [Theory, MemberData(nameof(Lists))]
    public async Task The_last_page_has_no_cursor_even_if_it_is_full(string list)
    {
        var caller = await CallerAsync(list);
        await AddAsync(list, caller, 2);
        var all = await AllAsync(list, caller, limit: 200);

        var page = (await caller.GetAsync($"{list}?limit={all.Count}")).Is(200);

        Assert.Equal(all, Ids(page));
        Assert.True(page.IsNull("next_cursor"));
    }

    [Theory, MemberData(nameof(Lists))]
    public async Task A_limit_is_a_whole_number_from_1_to_200(string list)
    {
        var caller = await CallerAsync(list);
        foreach (var limit in (string[])["0", "-1", "201", "1.5", "1e1", "abc", "99999999999999999999", "%2B5", "0x10", "%D9%A1"])
        {
            (await caller.GetAsync($"{list}?limit={limit}")).Blames("limit");
        }

        (await caller.GetAsync($"{list}?limit=1")).Is(200);
        (await caller.GetAsync($"{list}?limit=200")).Is(200);
        (await caller.GetAsync($"{list}?limit=&cursor=")).Is(200);
    }

    [Theory, MemberData(nameof(Lists))]
    public async Task A_cursor_that_the_list_has_not_given_out_is_422(string list)
    {
        var caller = await CallerAsync(list);
        await AddAsync(list, caller, 1);
        var cursors = (string[])
        [
            "x", "!!!", "%20", "null", Encoded("1|"), Encoded("|1"), Encoded("1"), Encoded("a|1"), Encoded("1|1|1"), Encoded("1|a"), Encoded("-1|1"),
            Encoded("99999999999999999999|1"), Encoded("9223372036854775807|1"), Encoded("1|99999999999999999999"), Encoded("1|-1"), Encoded("1|1.5"),
            new string('A', 4000),
        ];
        foreach (var cursor in cursors)
        {
            (await caller.GetAsync($"{list}?cursor={cursor}")).Blames("cursor");
        }
    }

    [Fact]
    public async Task Without_a_limit_a_page_holds_50()
    {
        var acme = await Api.NewOrganizationAsync();
        var run = await Database.AddRunAsync(acme.Id);
        await Database.AddAsync(51, Given.ADelivery().Of(run));

        var page = (await acme.GetAsync("deliveries")).Is(200);

        Assert.Equal(50, page.Items().Count);
        Assert.Single((await acme.GetAsync($"deliveries?cursor={page.Text("next_cursor")}")).Is(200).Items());
    }

    [Fact]
    public async Task An_empty_list_is_an_empty_page()
    {
        var acme = await Api.NewOrganizationAsync();

        (await acme.GetAsync("workflows")).Is(200).Matches("""{"items": [], "next_cursor": null}""");
    }

    [Fact]
    public async Task A_row_that_is_deleted_while_paging_does_not_break_the_paging()
    {
        var acme = await Api.NewOrganizationAsync();
        var ids = await AddAsync("credentials", acme, 4);
        var first = (await acme.GetAsync("credentials?limit=2")).Is(200);
        Assert.Equal(204, (await acme.DeleteAsync($"credentials/{ids[2]}")).Status);

        Assert.Equal([ids[1], ids[0]], Ids((await acme.GetAsync($"credentials?limit=2&cursor={first.Text("next_cursor")}")).Is(200)));
    }

    private static string Encoded(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));

    private async Task<ApiCaller> CallerAsync(string list) => list is "organizations" or "organizations/backlog" ? Api.Admin : await Api.NewOrganizationAsync();

    private static List<string> Ids(System.Text.Json.JsonElement page) =>
        [.. page.Items().Select(item => item.TryGetProperty("uuid", out var uuid) ? uuid.ToString() : item.At("id").ToString())];

    private static async Task<List<string>> AllAsync(string list, ApiCaller caller, int limit, Func<Task>? beforeNextPage = null)
    {
        var ids = new List<string>();
        for (string? cursor = null; ;)
        {
            var page = (await caller.GetAsync($"{list}?limit={limit}&cursor={cursor}")).Is(200);
            Assert.InRange(page.Items().Count, 0, limit);
            ids.AddRange(Ids(page));
            if (page.IsNull("next_cursor")) return ids;
            cursor = page.Text("next_cursor");
            if (beforeNextPage is not null) await beforeNextPage();
        }
    }

    // What somebody does, as the log shows it.
    private static async Task<string> OnRecordAsync(ApiCaller caller)
    {
        var credential = (await caller.PostAsync("credentials", """{"name": "x", "credential_type": "none"}""")).Is(201).Text("uuid");
        return (await caller.GetAsync($"audit?resource_id={credential}")).Is(200).Text("items/0/id");
    }

    private static async Task<List<string>> AddAsync(string list, ApiCaller caller, int count)
    {
        var ids = new List<string>();
        long? workflow = null;
        for (var i = 0; i < count; i++)
        {
            ids.Add(list switch
            {
                "credentials" => (await caller.PostAsync(list, """{"name": "x", "credential_type": "none"}""")).Is(201).Text("uuid"),
                "audit" => await OnRecordAsync(caller),
                "workflows" => (await caller.AddWorkflowAsync()).ToString(),
                "deliveries" => (await caller.StoreRunAsync(workflow ??= await caller.AddWorkflowAsync(GivenWorkflows.Webhook()))).Text("deliveries/0/delivery_id"),
                // Each for a node of its own: of one scope there are ten at most.
                "signing-secrets" or "signing-keys" => (await caller.PostAsync("signing-secrets", new
                {
                    algorithm = list == "signing-keys" ? "v1a" : "v1",
                    workflow_id = await caller.AddWorkflowAsync(GivenWorkflows.Webhook()),
                    webhook_node_id = "hook",
                })).Is(201).Text("id"),
                _ => (await caller.PostAsync(list == "organizations/backlog" ? "organizations" : list, """{"name": "x"}""")).Is(201).At("id").ToString(),
            });
        }

        return ids;
    }
}
