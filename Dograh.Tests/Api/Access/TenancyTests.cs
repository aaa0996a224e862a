using System.Text.Json;
using System.Text.RegularExpressions;
using Dograh.Tests.Api.Workflows;
using Dograh.Tests.Support;
using static Dograh.Tests.Api.Workflows.GivenWorkflows;

namespace Dograh.Tests.Api.Access;

/// <summary>I10: no organization sees, changes or replays another's anything; another's id answers exactly as one that never existed.</summary>
public sealed partial class TenancyTests(ApiFixture fixture) : ApiTest(fixture)
{
    // A body that every path can make sense of: what it does not know it ignores.
    private const string Sensible =
        """
        {"name": "a stranger's", "description": "a stranger's", "credential_type": "none", "workflow_definition": {"nodes": [], "edges": []},
         "runs": [{"name": "a stranger's"}], "gathered_context": {"by": "a stranger"}}
        """;

    private const string Senseless = """{"name": 5, "workflow_definition": 5, "runs": 5, "gathered_context": 5}""";

    [Fact]
    public async Task Another_organizations_id_answers_as_one_that_never_existed_on_every_path()
    {
        var acme = await Api.NewOrganizationAsync();
        var stranger = await Api.NewOrganizationAsync("Stranger");
        var owned = await AddOneOfEachAsync(acme);
        var before = await Database.DumpAsync(acme.Id);

        var routes = Api.Routes.Where(route => route.HasId && route.Policies[0] == "organization").ToList();
        Assert.NotEmpty(routes);
        foreach (var route in routes)
        {
            Assert.True(owned.TryGetValue(route.Kind, out var id), $"This test does not know what '{route.Kind}' in {route} is; teach it.");
            foreach (var body in route.Method is "GET" or "DELETE" ? [null] : (string?[])[Sensible, Senseless, "{}", null])
            {
                var others = await AskAsync(stranger, route, id.Existing, body);
                var nobodys = await AskAsync(stranger, route, id.Never, body);

                Assert.Equal(nobodys, others);
                if (body == Sensible || route.Method is "GET" or "DELETE") Assert.Contains("\"status\":404", nobodys, StringComparison.Ordinal);
            }
        }

        Assert.Equal(before, await Database.DumpAsync(acme.Id));
    }

    [Fact]
    public async Task What_was_deleted_answers_as_what_never_existed()
    {
        var acme = await Api.NewOrganizationAsync();
        var credential = (await acme.PostAsync("credentials", """{"name": "x", "credential_type": "none"}""")).Is(201).Text("uuid");
        var key = (await acme.PostAsync("api-keys", """{"name": "x"}""")).Is(201).Text("id");
        var secret = (await acme.PostAsync("signing-secrets")).Is(201).Text("id");
        (await acme.PostAsync($"signing-secrets/{secret}/expire")).Is(200);
        var bin = (await acme.PostAsync("bins", """{"name": "x"}""")).Is(201).Text("id");
        Assert.Equal(204, (await acme.DeleteAsync($"bins/{bin}")).Status);
        Assert.Equal(204, (await acme.DeleteAsync($"credentials/{credential}")).Status);
        Assert.Equal(204, (await acme.DeleteAsync($"api-keys/{key}")).Status);

        foreach (var route in Api.Routes.Where(route => route.HasId && route.Kind is "credentials" or "api-keys" or "signing-secrets" or "bins"))
        {
            var body = route.Method is "GET" or "DELETE" ? null : Sensible;
            var deleted = await AskAsync(acme, route, route.Kind switch { "credentials" => credential, "api-keys" => key, "bins" => bin, _ => secret }, body);
            Assert.Equal(await AskAsync(acme, route, Guid.CreateVersion7().ToString(), body), deleted);
        }
    }

    [Fact]
    public async Task What_another_organization_has_shows_on_no_path_without_an_id()
    {
        var acme = await Api.NewOrganizationAsync();
        var stranger = await Api.NewOrganizationAsync("Stranger");
        var nobody = await Api.NewOrganizationAsync("Nobody");
        await AddOneOfEachAsync(acme);

        foreach (var route in Api.Routes.Where(route => !route.HasId && route.Method == "GET" && route.Policies[0] == "organization"))
        {
            if (route.IsFile)
            {
                Assert.Equal((200, ""), (await stranger.GetAsync(route.With("") + "?format=ndjson")) is { Status: var status, Body: var body } ? (status, body) : default);
                continue;
            }

            var seen = (await stranger.GetAsync(route.With(""))).Is(200);
            var empty = (await nobody.GetAsync(route.With(""))).Is(200);
            // A key, a signing secret and the record of the beginning are everybody's own.
            if (route.Pattern.Split('/')[^1] is "api-keys" or "signing-secrets" or "audit") Assert.Single(seen.Items());
            // One was asked a moment after the other.
            else Assert.Equal(Time().Replace(empty.ToString(), ""), Time().Replace(seen.ToString(), ""));
        }
    }

    [Fact]
    public async Task Another_organizations_credential_cannot_be_named_in_a_workflow()
    {
        var acme = await Api.NewOrganizationAsync();
        var stranger = await Api.NewOrganizationAsync("Stranger");
        var theirs = (await AddOneOfEachAsync(acme))["credentials"].Existing;
        var nobodys = Guid.CreateVersion7().ToString();

        var named = await stranger.PostAsync("workflows", Workflow(Webhook("hook", ("credential_uuid", theirs))));
        var unknown = await stranger.PostAsync("workflows", Workflow(Webhook("hook", ("credential_uuid", nobodys))));

        named.Blames("/workflow_definition/nodes/0/data/credential_uuid");
        Assert.Equal(Scrub(unknown.Body).Replace(nobodys, "", StringComparison.Ordinal), Scrub(named.Body).Replace(theirs, "", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Another_organizations_credential_is_not_resolved_even_by_a_workflow_that_names_it()
    {
        var acme = await Api.NewOrganizationAsync();
        var stranger = await Api.NewOrganizationAsync("Stranger");
        var theirs = (await AddOneOfEachAsync(acme))["credentials"].Existing;
        var workflow = await Database.AddWorkflowAsync(stranger.Id, Definition(Webhook("hook", ("credential_uuid", theirs))));

        var request = (await stranger.PostAsync($"workflows/{workflow}/preview")).Is(200).At("requests/0");

        Assert.Equal("invalid", request.Text("outcome"));
        Assert.Equal($"credential {theirs} not found", request.Text("reason"));
    }

    [Theory]
    [InlineData("signing-secrets")]
    [InlineData("signing-secrets/rotate")]
    public async Task Another_organizations_workflow_cannot_be_given_a_signing_secret(string path)
    {
        var acme = await Api.NewOrganizationAsync();
        var stranger = await Api.NewOrganizationAsync("Stranger");
        var theirs = (await AddOneOfEachAsync(acme))["workflows"].Existing;

        var others = await stranger.PostAsync(path, $$"""{"workflow_id": {{theirs}}, "webhook_node_id": "hook"}""");
        var nobodys = await stranger.PostAsync(path, """{"workflow_id": 999999999, "webhook_node_id": "hook"}""");

        others.Blames("workflow_id");
        Assert.Equal(Scrub(nobodys.Body), Scrub(others.Body));
        Assert.Equal(2, (await acme.GetAsync("signing-secrets")).Is(200).Items().Count);
    }

    [Theory]
    [InlineData("workflow_run_id", "workflow-runs")]
    [InlineData("workflow_id", "workflows")]
    public async Task Filters_that_name_anothers_things_find_and_replay_nothing(string filter, string kind)
    {
        var acme = await Api.NewOrganizationAsync();
        var stranger = await Api.NewOrganizationAsync("Stranger");
        var theirs = (await AddOneOfEachAsync(acme))[kind].Existing;
        await Database.ExecuteAsync("UPDATE webhook_deliveries SET status = 'dead_letter' WHERE organization_id = $1", acme.Id);

        Assert.Empty((await stranger.GetAsync($"deliveries?{filter}={theirs}")).Is(200).Items());
        (await stranger.PostAsync("deliveries/replay", $$"""{"status": "dead_letter", "{{filter}}": {{theirs}}}""")).Is(202).Matches("""{"matched": 0, "replayed": 0}""");
        Assert.Single((await acme.GetAsync($"deliveries?{filter}={theirs}&status=dead_letter")).Is(200).Items());
    }

    [Fact]
    public async Task A_cursor_of_another_organization_opens_nothing()
    {
        var acme = await Api.NewOrganizationAsync();
        var stranger = await Api.NewOrganizationAsync("Stranger");
        for (var i = 0; i < 3; i++) await acme.AddWorkflowAsync();
        var cursor = (await acme.GetAsync("workflows?limit=1")).Is(200).Text("next_cursor");

        Assert.Empty((await stranger.GetAsync($"workflows?cursor={cursor}")).Is(200).Items());
    }

    private static async Task<Dictionary<string, (string Existing, string Never)>> AddOneOfEachAsync(ApiOrganization organization)
    {
        const string NeverNumber = "999999999";
        var never = Guid.CreateVersion7().ToString();
        var key = (await organization.PostAsync("api-keys", """{"name": "x"}""")).Is(201).Text("id");
        var credential = (await organization.PostAsync(
            "credentials", """{"name": "x", "credential_type": "bearer_token", "credential_data": {"token": "t"}}""")).Is(201).Text("uuid");
        var secret = (await organization.PostAsync("signing-secrets", """{"algorithm": "v1a"}""")).Is(201).Text("id");
        var bin = (await organization.PostAsync("bins", """{"name": "x"}""")).Is(201).Text("id");
        Assert.Equal(200, (await organization.PostAsync($"/bin/{bin}", "what it got")).Status);
        var workflow = await organization.AddWorkflowAsync(Webhook("hook", ("credential_uuid", credential)));
        var run = await organization.StartRunAsync(workflow);
        var delivery = (await organization.CompleteAsync(run)).Text("deliveries/0/delivery_id");
        return new()
        {
            ["api-keys"] = (key, never),
            ["credentials"] = (credential, never),
            ["signing-secrets"] = (secret, never),
            ["bins"] = (bin, never),
            ["workflows"] = (workflow.ToString(), NeverNumber),
            ["workflow-runs"] = (run.ToString(), NeverNumber),
            ["deliveries"] = (delivery, never),
        };
    }

    // All that a caller can tell apart, but for the trace and the date.
    private static async Task<string> AskAsync(ApiCaller caller, ApiRoute route, string id, string? body)
    {
        var answer = await caller.SendAsync(HttpMethod.Parse(route.Method), route.With(id), body is null ? null : ApiCaller.Json(body));
        var headers = answer.Headers.Where(header => header.Key != "Date").OrderBy(header => header.Key, StringComparer.Ordinal);
        return $"{route} {body}\n{answer.Status}\n{string.Join('\n', headers.Select(header => $"{header.Key}: {header.Value}"))}\n{Scrub(answer.Body)}";
    }

    private static string Definition(params System.Text.Json.Nodes.JsonNode[] nodes) =>
        JsonSerializer.Serialize(Workflow(nodes)["workflow_definition"]);

    private static string Scrub(string body) => TraceId().Replace(body, "");

    [GeneratedRegex("\"(until|start)\":\"[^\"]*\"", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Time();

    [GeneratedRegex("\"trace_id\":\"[0-9a-f]{32}\"", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex TraceId();
}
