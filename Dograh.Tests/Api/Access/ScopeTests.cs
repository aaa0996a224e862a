using Dograh.Api.Access;
using Dograh.Tests.Api.Workflows;
using Dograh.Webhooks.Organizations;
using Microsoft.Extensions.DependencyInjection;
using static Dograh.Tests.Api.Workflows.GivenWorkflows;

namespace Dograh.Tests.Api.Access;

/// <summary>A key does what its scopes say, for as long as it lives.</summary>
public sealed class ScopeTests(ApiFixture fixture) : ApiTest(fixture)
{
    private IEnumerable<ApiRoute> Routes => Api.Routes.Where(route => route.Policies[0] == Policies.Organization);

    [Fact]
    public void Every_path_of_an_organization_says_which_scope_it_needs()
    {
        Assert.NotEmpty(Routes);
        Assert.All(Routes, route => Assert.True(ApiKeyScope.All.Contains(route.Scope), $"{route} needs a scope: RequireScope says which."));
        // None that is good for nothing, and none that only reads where something is written.
        Assert.Equal(ApiKeyScope.All.Order(StringComparer.Ordinal), Routes.Select(route => route.Scope).Distinct().Order(StringComparer.Ordinal)!);
        Assert.All(Routes.Where(route => route.Method is not "GET" && !route.Pattern.EndsWith("/preview", StringComparison.Ordinal)), route => Assert.EndsWith(":write", route.Scope, StringComparison.Ordinal));
        Assert.Equal("signing:write", Routes.Single(route => route.Pattern.EndsWith("/secret", StringComparison.Ordinal)).Scope);
    }

    [Fact]
    public async Task A_key_without_the_scope_of_a_path_is_told_which_one_it_lacks_and_does_nothing()
    {
        var acme = await Api.NewOrganizationAsync();
        foreach (var scope in ApiKeyScope.All)
        {
            var caller = await WithScopesAsync(acme, [.. ApiKeyScope.All.Where(other => other != scope)]);
            var before = await Database.ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE organization_id = $1", acme.Id);
            foreach (var route in Routes.Where(route => route.Scope == scope))
            {
                var refused = await SendAsync(caller, route);

                Assert.Contains($"'{scope}'", refused.IsProblem(403).Text("detail"), StringComparison.Ordinal);
                Assert.Contains($"error=\"insufficient_scope\", scope=\"{scope}\"", refused.Header("WWW-Authenticate"), StringComparison.Ordinal);
            }

            Assert.Equal(before, await Database.ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE organization_id = $1", acme.Id));
        }
    }

    [Fact]
    public async Task A_key_with_the_one_scope_of_a_path_is_let_in()
    {
        var acme = await Api.NewOrganizationAsync();
        foreach (var scope in ApiKeyScope.All)
        {
            var caller = await WithScopesAsync(acme, scope);
            foreach (var route in Routes) Assert.Equal(route.Scope != scope, (await SendAsync(caller, route)).Status == 403);
        }
    }

    // Where the key is asked for by the statement that stores the run, and not before.
    [Fact]
    public async Task A_key_that_loses_its_scope_stores_no_run_any_more()
    {
        var acme = await Api.NewOrganizationAsync();
        var path = $"workflows/{await acme.AddWorkflowAsync(Webhook())}/completed-runs";
        var created = (await acme.PostAsync("api-keys", new { name = "x", scopes = (string[])["runs:write"] })).Is(201);
        var caller = Api.WithKey(created.Text("api_key"));
        (await caller.PostAsync(path, "{}")).Is(202);
        await Database.ExecuteAsync("UPDATE api_keys SET scopes = '{runs:read}' WHERE id = $1", created.Uuid("id"));

        Assert.Contains("'runs:write'", (await caller.PostAsync(path, "{}")).IsProblem(403).Text("detail"), StringComparison.Ordinal);
        (await caller.PostAsync(path, "{}")).IsProblem(403);

        Assert.Equal(1, await Database.ScalarAsync<long>("SELECT count(*) FROM workflow_runs WHERE organization_id = $1", acme.Id));
    }

    [Fact]
    public async Task A_key_that_expires_stops_working_at_once_on_every_path()
    {
        var acme = await Api.NewOrganizationAsync();
        var created = (await acme.PostAsync("api-keys", new { name = "x", expires_at = TimeProvider.System.GetUtcNow().AddHours(1) })).Is(201);
        var caller = Api.WithKey(created.Text("api_key"));
        (await caller.GetAsync("workflows")).Is(200);
        await Database.ExecuteAsync("UPDATE api_keys SET expires_at = now() WHERE id = $1", created.Uuid("id"));

        foreach (var route in Routes) AssertRefused(await SendAsync(caller, route));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("not JSON")]
    public async Task A_key_that_has_brought_runs_expires_all_the_same(string body)
    {
        var acme = await Api.NewOrganizationAsync();
        var path = $"workflows/{await acme.AddWorkflowAsync(Webhook())}/completed-runs";
        var created = (await acme.PostAsync("api-keys", new { name = "x", expires_at = TimeProvider.System.GetUtcNow().AddHours(1) })).Is(201);
        var caller = Api.WithKey(created.Text("api_key"));
        (await caller.PostAsync(path, "{}")).Is(202);
        await Database.ExecuteAsync("UPDATE api_keys SET expires_at = now() WHERE id = $1", created.Uuid("id"));

        AssertRefused(await caller.PostAsync(path, body));
        Assert.Null(Api.Services.GetRequiredService<ApiKeyLookup>().FindKnown(ApiKeySecret.Hash(created.Text("api_key"))));
        AssertRefused(await caller.PostAsync(path, body, idempotencyKey: "again"));

        Assert.Equal(1, await Database.ScalarAsync<long>("SELECT count(*) FROM workflow_runs WHERE organization_id = $1", acme.Id));
    }

    private async Task<ApiCaller> WithScopesAsync(ApiOrganization organization, params string[] scopes) =>
        Api.WithKey((await organization.PostAsync("api-keys", new { name = "x", scopes })).Is(201).Text("api_key"));

    private static Task<ApiAnswer> SendAsync(ApiCaller caller, ApiRoute route) =>
        caller.SendAsync(HttpMethod.Parse(route.Method), route.WithSomeId(), route.Method is "GET" or "DELETE" ? null : ApiCaller.Json("{}"));

    private static void AssertRefused(ApiAnswer answer)
    {
        answer.IsProblem(401);
        Assert.StartsWith("Bearer", answer.Header("WWW-Authenticate"), StringComparison.Ordinal);
    }
}
