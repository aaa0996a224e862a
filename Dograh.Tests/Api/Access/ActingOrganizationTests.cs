using Dograh.Api.Access;
using Dograh.Tests.Api.Workflows;
using Dograh.Tests.Support;
using static Dograh.Tests.Api.Workflows.GivenWorkflows;

namespace Dograh.Tests.Api.Access;

/// <summary>The operator acts for one organization at a time: as that organization, behind its walls, and on record as the operator.</summary>
public sealed class ActingOrganizationTests(ApiFixture fixture) : ApiTest(fixture)
{
    private IEnumerable<ApiRoute> OrganizationsRoutes => Api.Routes.Where(route => route.Policies[0] == Policies.Organization);

    [Fact]
    public async Task The_operator_who_names_an_organization_is_let_in_on_each_of_its_paths()
    {
        var acme = await Api.NewOrganizationAsync();
        var operating = Api.ActingFor(acme);

        Assert.NotEmpty(OrganizationsRoutes);
        foreach (var route in OrganizationsRoutes)
        {
            var answer = await SendAsync(operating, route);
            Assert.True(answer.Status is not (401 or 403) and < 500, $"{answer.Request} answered {answer.Status}: {answer.Body}");
        }
    }

    [Fact]
    public async Task The_operator_sees_what_the_organization_sees_and_nothing_of_anothers()
    {
        var acme = await Api.NewOrganizationAsync();
        var stranger = await Api.NewOrganizationAsync("Stranger");
        var delivery = (await acme.StoreRunAsync(await acme.AddWorkflowAsync(Webhook()))).Text("deliveries/0/delivery_id");
        await stranger.StoreRunAsync(await stranger.AddWorkflowAsync(Webhook()));

        foreach (var route in OrganizationsRoutes.Where(route => route is { HasId: false, Method: "GET", IsFile: false } && !route.Pattern.Contains("/stats", StringComparison.Ordinal)))
        {
            // What changes with the use of a key.
            var seen = (await Api.ActingFor(acme).GetAsync(route.With(""))).Is(200);
            if (!route.Pattern.EndsWith("/api-keys", StringComparison.Ordinal)) Assert.Equal((await acme.GetAsync(route.With(""))).Is(200).ToString(), seen.ToString());
        }

        Assert.Equal((await acme.GetAsync("deliveries/export?format=csv")).Body, (await Api.ActingFor(acme).GetAsync("deliveries/export?format=csv")).Body);
        (await Api.ActingFor(acme).GetAsync($"deliveries/{delivery}")).Is(200);
        (await Api.ActingFor(stranger).GetAsync($"deliveries/{delivery}")).IsProblem(404);
        (await Api.ActingFor(stranger).PostAsync($"deliveries/{delivery}/cancel")).IsProblem(404);
    }

    [Fact]
    public async Task What_the_operator_does_is_on_record_with_the_organization_as_the_operators()
    {
        var acme = await Api.NewOrganizationAsync();
        var stranger = await Api.NewOrganizationAsync("Stranger");
        var operating = Api.ActingFor(acme);

        var credential = (await operating.PostAsync("credentials", new { name = "CRM", credential_type = "none" })).Is(201).Text("uuid");
        var key = (await operating.PostAsync("api-keys", new { name = "another" })).Is(201);
        var workflow = (await operating.PostAsync("workflows", Workflow(Webhook()))).Is(201).Number("id");
        var delivery = (await operating.PostAsync($"workflows/{workflow}/completed-runs", "{}")).Is(202).Text("deliveries/0/delivery_id");
        (await operating.PostAsync($"deliveries/{delivery}/cancel")).Is(202);

        var events = (await acme.GetAsync("audit?actor=operator")).Is(200).Items();
        Assert.Equal(
            [("delivery.cancelled", delivery), ("workflow.created", $"{workflow}"), ("api_key.created", key.Text("id")), ("credential.created", credential), ("organization.created", $"{acme.Id}")],
            events.Select(e => (e.Text("action"), e.Text("resource_id"))));
        Assert.All(events, e => e.At("actor").Matches("""{"kind": "operator", "key_id": null, "key_prefix": null}"""));
        Assert.Single((await stranger.GetAsync("audit")).Is(200).Items());
        // The key that it made is the organization's own, and may do everything.
        Assert.Equal(acme.Id, (await Api.WithKey(key.Text("api_key")).GetAsync("me")).Is(200).Number("organization/id"));
    }

    [Fact]
    public async Task A_run_that_the_operator_brings_twice_under_a_key_is_stored_once()
    {
        var acme = await Api.NewOrganizationAsync();
        var path = $"workflows/{await acme.AddWorkflowAsync(Webhook())}/completed-runs";

        var first = (await Api.ActingFor(acme).PostAsync(path, "{}", idempotencyKey: "k")).Is(202);
        var second = (await Api.ActingFor(acme).PostAsync(path, "{}", idempotencyKey: "k")).Is(202);
        (await Api.ActingFor(acme).PostAsync(path, "{}")).Is(202);

        Assert.Equal(first.Number("id"), second.Number("id"));
        Assert.Equal(2, await Database.ScalarAsync<long>("SELECT count(*) FROM workflow_runs WHERE organization_id = $1", acme.Id));
    }

    [Fact]
    public async Task An_organization_that_is_not_there_is_404_on_each_path()
    {
        foreach (var route in OrganizationsRoutes) (await SendAsync(Api.ActingFor("999999999"), route)).IsProblem(404);
        (await Api.ActingFor("999999999").GetAsync("me")).IsProblem(404);
    }

    [Theory]
    [InlineData("")]
    [InlineData("acme")]
    [InlineData("-1")]
    [InlineData("1.0")]
    [InlineData("0x1")]
    [InlineData("99999999999999999999")]
    [InlineData("1, 2")]
    public async Task What_is_no_id_is_422(string organization)
    {
        (await Api.ActingFor(organization).GetAsync("deliveries")).Blames(ActingOrganization.Header);
        (await Api.ActingFor(organization).GetAsync("me")).Blames(ActingOrganization.Header);
    }

    [Fact]
    public async Task The_operators_own_paths_do_not_look_at_the_header()
    {
        foreach (var organization in (string[])["999999999", "acme"])
        {
            (await Api.ActingFor(organization).GetAsync("organizations")).Is(200);
            (await Api.ActingFor(organization).PostAsync("organizations", new { name = "x" })).Is(201);
        }
    }

    [Fact]
    public async Task An_organizations_key_may_name_its_own_organization_and_no_other()
    {
        var acme = await Api.NewOrganizationAsync();
        var stranger = await Api.NewOrganizationAsync("Stranger");

        (await Api.ActingFor($"{acme.Id}", acme.Key).PostAsync("credentials", new { name = "x", credential_type = "none" })).Is(201);
        var others = await Api.ActingFor($"{stranger.Id}", acme.Key).PostAsync("credentials", new { name = "x", credential_type = "none" });
        var nobodys = await Api.ActingFor("999999999", acme.Key).PostAsync("credentials", new { name = "x", credential_type = "none" });

        Assert.Equal(others.IsProblem(403).Text("detail"), nobodys.IsProblem(403).Text("detail"));
        (await Api.ActingFor($"{stranger.Id}", acme.Key).GetAsync("me")).IsProblem(403);
        // It is still no operator.
        (await Api.ActingFor($"{acme.Id}", acme.Key).GetAsync("organizations")).IsProblem(403);
        Assert.Single((await acme.GetAsync("credentials")).Is(200).Items());
        Assert.Empty((await stranger.GetAsync("credentials")).Is(200).Items());
        Assert.Equal("api_key", (await acme.GetAsync("audit?action=credential.created")).Is(200).Text("items/0/actor/kind"));
    }

    [Fact]
    public async Task Naming_an_organization_lets_nobody_in()
    {
        var acme = await Api.NewOrganizationAsync();

        foreach (var route in Api.Routes)
        {
            (await SendAsync(Api.ActingFor($"{acme.Id}", "nobody's"), route)).IsProblem(401);
            (await Api.Anonymous.SendAsync(HttpMethod.Parse(route.Method), route.WithSomeId(), null, (ActingOrganization.Header, $"{acme.Id}"))).IsProblem(401);
        }
    }

    private static Task<ApiAnswer> SendAsync(ApiCaller caller, ApiRoute route) =>
        caller.SendAsync(HttpMethod.Parse(route.Method), route.WithSomeId(), route.Method is "GET" or "DELETE" ? null : ApiCaller.Json("{}"));
}
