using System.Security.Cryptography;
using System.Text;
using Dograh.Api.Access;
using Dograh.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Dograh.Tests.Api.Workflows;
using Dograh.Webhooks.Organizations;
using static Dograh.Tests.Api.Workflows.GivenWorkflows;

namespace Dograh.Tests.Api.Access;

public sealed class ApiKeyHandlerTests(ApiFixture fixture, TestServers servers) : ApiTest(fixture)
{
    [Fact]
    public async Task Without_a_key_every_path_answers_401_and_says_how_to_authenticate()
    {
        Assert.NotEmpty(Api.Routes);
        foreach (var route in Api.Routes) AssertRefused(await SendAsync(Api.Anonymous, route));
    }

    [Fact]
    public async Task With_a_wrong_key_every_path_answers_401()
    {
        foreach (var route in Api.Routes) AssertRefused(await SendAsync(Api.WithKey("dgk_nobody-has-this-key"), route));
    }

    [Fact]
    public async Task Every_path_is_either_the_operators_or_an_organizations_but_the_one_that_says_who_one_is()
    {
        Assert.All(Api.Routes, route => Assert.Contains(Assert.Single(route.Policies), (string[])["admin", "organization", "any_key"]));
        Assert.Equal(["GET /api/v1/me"], Api.Routes.Where(route => route.Policies[0] == "any_key").Select(route => route.ToString()));
        Assert.Equal(
            ["GET /api/v1/organizations", "GET /api/v1/organizations/backlog", "GET /api/v1/organizations/{id:long}/quotas", "POST /api/v1/organizations", "PUT /api/v1/organizations/{id:long}/quotas"],
            Api.Routes.Where(route => route.Policies[0] == "admin").Select(route => route.ToString()).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task The_operators_key_opens_no_organizations_path()
    {
        foreach (var route in Api.Routes.Where(route => route.Policies[0] == "organization")) (await SendAsync(Api.Admin, route)).IsProblem(403);
    }

    [Fact]
    public async Task An_organizations_key_opens_no_operators_path()
    {
        var acme = await Api.NewOrganizationAsync();

        foreach (var route in Api.Routes.Where(route => route.Policies[0] == "admin")) (await SendAsync(acme, route)).IsProblem(403);
    }

    [Theory]
    [InlineData("Authorization", "Bearer {0}")]
    [InlineData("Authorization", "bearer {0}")]
    [InlineData("Authorization", "BEARER   {0} ")]
    [InlineData("X-API-Key", "{0}")]
    [InlineData("x-api-key", " {0} ")]
    public async Task A_key_is_taken_from_either_header(string header, string format)
    {
        var acme = await Api.NewOrganizationAsync();

        (await Api.Anonymous.SendAsync(HttpMethod.Get, "api-keys", null, (header, string.Format(format, acme.Key)))).Is(200);
        (await Api.Anonymous.SendAsync(HttpMethod.Get, "organizations", null, (header, string.Format(format, ApiHost.AdminKey)))).Is(200);
    }

    [Theory]
    [InlineData("Authorization", "{0}")]
    [InlineData("Authorization", "Basic {0}")]
    [InlineData("Authorization", "Bearer")]
    [InlineData("Authorization", "Bearer ")]
    [InlineData("Authorization", "Bearer {0}x")]
    [InlineData("X-API-Key", "Bearer {0}")]
    [InlineData("X-API-Key", "")]
    [InlineData("X-API-Key", "{0}, {0}")]
    [InlineData("X-Api-Keys", "{0}")]
    public async Task Nothing_else_is_a_key(string header, string format)
    {
        var acme = await Api.NewOrganizationAsync();

        AssertRefused(await Api.Anonymous.SendAsync(HttpMethod.Get, "api-keys", null, (header, string.Format(format, acme.Key))));
    }

    [Fact]
    public async Task A_key_works_and_stops_working_at_once()
    {
        var acme = await Api.NewOrganizationAsync();
        for (var i = 0; i < 5; i++)
        {
            var created = (await acme.PostAsync("api-keys", """{"name": "for a while"}""")).Is(201);
            var caller = Api.WithKey(created.Text("api_key"));

            (await caller.GetAsync("workflows")).Is(200);
            Assert.Equal(204, (await caller.DeleteAsync($"api-keys/{created.Text("id")}")).Status);
            AssertRefused(await caller.GetAsync("workflows"));
        }
    }

    /// <summary>Where the key is looked up by the statement that stores the run, and not before.</summary>
    [Theory]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("not JSON")]
    [InlineData("""{"name": 7}""")]
    public async Task A_key_that_has_brought_runs_stops_doing_so_at_once_whatever_it_brings(string body)
    {
        var acme = await Api.NewOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync(Webhook());
        for (var i = 0; i < 3; i++)
        {
            var created = (await acme.PostAsync("api-keys", """{"name": "for a while"}""")).Is(201);
            var caller = Api.WithKey(created.Text("api_key"));
            (await caller.PostAsync($"workflows/{workflow}/completed-runs", "{}")).Is(202);
            (await caller.PostAsync($"workflows/{workflow}/completed-runs", "{}")).Is(202);
            Assert.Equal(204, (await acme.DeleteAsync($"api-keys/{created.Text("id")}")).Status);

            AssertRefused(await caller.PostAsync($"workflows/{workflow}/completed-runs", body));
            Assert.Null(Api.Services.GetRequiredService<ApiKeyLookup>().FindKnown(ApiKeySecret.Hash(created.Text("api_key"))));
            AssertRefused(await caller.PostAsync($"workflows/{workflow + 1000}/completed-runs", body));
            AssertRefused(await caller.PostAsync($"workflows/{workflow}/completed-runs", body, idempotencyKey: $"k{i}"));
        }

        Assert.Equal(6, await Database.ScalarAsync<long>("SELECT count(*) FROM workflow_runs WHERE workflow_id = $1", workflow));
    }

    [Fact]
    public async Task Keys_of_one_organization_see_the_same()
    {
        var acme = await Api.NewOrganizationAsync();
        var second = Api.WithKey((await acme.PostAsync("api-keys", """{"name": "second"}""")).Is(201).Text("api_key"));

        Assert.Equal((await acme.GetAsync("api-keys")).Is(200).ToString(), (await second.GetAsync("api-keys")).Is(200).ToString());
    }

    [Fact]
    public async Task No_key_is_in_the_database_but_as_its_hash()
    {
        var acme = await Api.NewOrganizationAsync();
        var second = (await acme.PostAsync("api-keys", """{"name": "second"}""")).Is(201).Text("api_key");
        await acme.PostAsync("workflows", """{"name": "x", "workflow_definition": {"nodes": []}}""", idempotencyKey: "a key of another kind");

        var everything = await Database.DumpAsync();
        foreach (var key in (string[])[acme.Key, second, ApiHost.AdminKey])
        {
            Assert.DoesNotContain(key, everything, StringComparison.Ordinal);
            Assert.DoesNotContain(Convert.ToHexStringLower(Encoding.UTF8.GetBytes(key)), everything, StringComparison.Ordinal);
        }

        Assert.Contains(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(second))), everything, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_an_operators_key_the_operators_paths_are_off()
    {
        await using var api = await ApiHost.StartAsync(servers, ("Admin:ApiKey", null));
        var organization = await api.Database.AddOrganizationAsync();
        var key = ApiKeySecret.Create();
        await api.Database.ExecuteAsync(
            "INSERT INTO api_keys (id, organization_id, name, prefix, key_hash) VALUES ($1, $2, 'by hand', 'dgk_', $3)",
            Guid.CreateVersion7(), organization, ApiKeySecret.Hash(key));

        foreach (var caller in (ApiCaller[])[api.Admin, api.Anonymous, api.WithKey("")])
        {
            AssertRefused(await caller.GetAsync("organizations"));
            AssertRefused(await caller.PostAsync("organizations", """{"name": "x"}"""));
        }

        (await api.WithKey(key).GetAsync("organizations")).IsProblem(403);
        (await api.WithKey(key).GetAsync("workflows")).Is(200);
    }

    [Fact]
    public async Task An_empty_operators_key_is_none()
    {
        await using var api = await ApiHost.StartAsync(servers, ("Admin:ApiKey", ""));

        AssertRefused(await api.WithKey("").GetAsync("organizations"));
        AssertRefused(await api.Anonymous.SendAsync(HttpMethod.Get, "organizations", null, ("X-API-Key", "")));
    }

    private static Task<ApiAnswer> SendAsync(ApiCaller caller, ApiRoute route) =>
        caller.SendAsync(HttpMethod.Parse(route.Method), route.WithSomeId(), route.Method is "GET" or "DELETE" ? null : ApiCaller.Json("{}"));

    private static void AssertRefused(ApiAnswer answer)
    {
        answer.IsProblem(401);
        Assert.StartsWith("Bearer", answer.Header("WWW-Authenticate"), StringComparison.Ordinal);
    }
}
