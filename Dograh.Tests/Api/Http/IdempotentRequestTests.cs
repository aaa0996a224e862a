using Dograh.Tests.Api.Workflows;
using static Dograh.Tests.Api.Workflows.GivenWorkflows;

namespace Dograh.Tests.Api.Http;

public sealed class IdempotentRequestTests(ApiFixture fixture) : ApiTest(fixture)
{
    private const string Replayed = "Idempotency-Replayed";

    /// <summary>Every path that takes a key: where it is, a body, and the same body with another meaning.</summary>
    public static TheoryData<string, string, string> Paths => new()
    {
        { "POST /api/v1/bins", """{"name": "x"}""", """{"name": "y"}""" },
        { "POST /api/v1/credentials", """{"name": "x", "credential_type": "none"}""", """{"name": "y", "credential_type": "none"}""" },
        { "POST /api/v1/signing-secrets", "{}", """{"algorithm": "v1a"}""" },
        { "POST /api/v1/signing-secrets/rotate", "{}", """{"overlap_seconds": 1}""" },
        { "POST /api/v1/signing-secrets/{id:guid}/expire", """{"after_seconds": 60}""", """{"after_seconds": 61}""" },
        { "POST /api/v1/workflows", """{"name": "x", "workflow_definition": {"nodes": []}}""", """{"name": "y", "workflow_definition": {"nodes": []}}""" },
        { "POST /api/v1/workflows/{id:long}/runs", """{"name": "x"}""", """{"name": "y"}""" },
        { "POST /api/v1/workflows/{id:long}/completed-runs", """{"name": "x"}""", "{}" },
        { "POST /api/v1/workflows/{id:long}/completed-runs/batch", """{"runs": [{"name": "x"}]}""", """{"runs": [{"name": "y"}]}""" },
        { "POST /api/v1/workflow-runs/{id:long}/complete", """{"extra": {"a": 1}}""", """{"extra": {"a": 2}}""" },
        { "POST /api/v1/deliveries/{delivery_id:guid}/replay", """{"note": 1}""", """{"note": 2}""" },
        { "POST /api/v1/deliveries/{delivery_id:guid}/cancel", """{"note": 1}""", """{"note": 2}""" },
        { "POST /api/v1/deliveries/cancel", """{"status": "pending"}""", """{"status": "pending", "endpoint_host": "crm.example"}""" },
        { "POST /api/v1/deliveries/replay", """{"status": "dead_letter"}""", """{"status": "cancelled"}""" },
    };

    // A key that is shown once is not kept; and what is looked at or tried leaves nothing behind that could be made twice.
    private static readonly string[] WithoutKey =
    [
        "POST /api/v1/api-keys", "POST /api/v1/organizations",
        "POST /api/v1/credentials/{uuid:guid}/test", "POST /api/v1/workflows/test", "POST /api/v1/workflows/{id:long}/test",
        "POST /api/v1/workflows/preview", "POST /api/v1/workflows/{id:long}/preview", "POST /api/v1/workflows/validate",
    ];

    [Fact]
    public void Every_path_that_creates_something_is_tested_here() => Assert.Equal(
        Paths.Select(path => path.Data.Item1).Concat(WithoutKey).Order(StringComparer.Ordinal),
        Api.Routes.Where(route => route.Method == "POST").Select(route => route.ToString()).Order(StringComparer.Ordinal));

    [Theory, MemberData(nameof(Paths))]
    public async Task The_same_key_and_body_answer_as_the_first_time(string route, string body, string other)
    {
        _ = other;
        var (acme, path, first, before) = await PostAsync(route, body);

        var second = await acme.PostAsync(path, body, "the key");

        Assert.Null(first.Header(Replayed));
        Assert.Equal("true", second.Header(Replayed));
        Assert.Equal((first.Status, first.Body, first.Header("Content-Type")), (second.Status, second.Body, second.Header("Content-Type")));
        Assert.Equal(before, await Database.DumpAsync(acme.Id));
    }

    [Theory, MemberData(nameof(Paths))]
    public async Task The_same_key_with_another_body_is_409_and_does_nothing(string route, string body, string other)
    {
        var acme = await Api.NewOrganizationAsync();
        var path = await PathAsync(acme, route);
        Assert.InRange((await acme.PostAsync(path, body, "the key")).Status, 200, 299);
        var before = await Database.DumpAsync(acme.Id);

        var answer = await acme.PostAsync(path, other, "the key");

        answer.IsProblem(409);
        Assert.Null(answer.Header(Replayed));
        Assert.Equal(before, await Database.DumpAsync(acme.Id));
    }

    [Theory, MemberData(nameof(Paths))]
    public async Task Twins_that_come_at_once_do_it_once(string route, string body, string other)
    {
        _ = other;
        var acme = await Api.NewOrganizationAsync();
        var path = await PathAsync(acme, route);

        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => acme.PostAsync(path, body, "the key")));

        Assert.All(answers, answer => Assert.InRange(answer.Status, 200, 299));
        Assert.Single(answers.Select(answer => answer.Body).Distinct());
        Assert.Single(answers, answer => answer.Header(Replayed) is null);
    }

    [Fact]
    public async Task Without_a_key_the_same_body_creates_again()
    {
        var acme = await Api.NewOrganizationAsync();

        var first = await acme.AddWorkflowAsync();

        Assert.NotEqual(first, await acme.AddWorkflowAsync());
        Assert.Equal(0, await Database.ScalarAsync<long>("SELECT count(*) FROM idempotency_keys WHERE organization_id = $1", acme.Id));
    }

    [Fact]
    public async Task A_key_belongs_to_its_organization()
    {
        var acme = await Api.NewOrganizationAsync();
        var other = await Api.NewOrganizationAsync();

        var first = await acme.PostAsync("workflows", Workflow(), "the key");
        var second = await other.PostAsync("workflows", Named("Another body"), "the key");

        Assert.Null(second.Header(Replayed));
        Assert.NotEqual(first.Is(201).Number("id"), second.Is(201).Number("id"));
    }

    [Fact]
    public async Task A_key_belongs_to_its_path()
    {
        var acme = await Api.NewOrganizationAsync();
        var (one, two) = (await acme.AddWorkflowAsync(), await acme.AddWorkflowAsync());

        var first = await acme.PostAsync($"workflows/{one}/runs", "{}", "the key");
        var second = await acme.PostAsync($"workflows/{two}/runs", "{}", "the key");
        var third = await acme.PostAsync($"workflows/{one}/completed-runs", "{}", "the key");

        Assert.All([first, second, third], answer => Assert.Null(answer.Header(Replayed)));
        Assert.Equal(two, second.Is(201).Number("workflow_id"));
        third.Is(202);
    }

    [Theory, MemberData(nameof(Paths))]
    public async Task A_path_is_the_same_however_it_is_spelled(string route, string body, string other)
    {
        _ = other;
        var (acme, path, first, before) = await PostAsync(route, body);

        foreach (var spelling in (string[])[$"{path}/", $"/api/v1/{path.ToUpperInvariant()}", $"/API/v1/{char.ToUpperInvariant(path[0])}{path[1..]}/"])
        {
            var again = await acme.PostAsync(spelling, body, "the key");
            Assert.Equal((first.Status, first.Body, "true"), (again.Status, again.Body, again.Header(Replayed)));
        }

        Assert.Equal(before, await Database.DumpAsync(acme.Id));
    }

    [Fact]
    public async Task A_key_that_was_kept_under_the_usual_spelling_is_found()
    {
        var acme = await Api.NewOrganizationAsync();
        await acme.PostAsync("credentials", """{"name": "x", "credential_type": "none"}""", "the key");

        Assert.Equal("/api/v1/credentials", await Database.ScalarAsync<string>("SELECT path FROM idempotency_keys WHERE organization_id = $1", acme.Id));
    }

    [Fact]
    public async Task A_key_is_held_against_the_body_to_the_byte()
    {
        var acme = await Api.NewOrganizationAsync();
        (await acme.PostAsync("workflows", """{"name": "x", "workflow_definition": {"nodes": []}}""", "the key")).Is(201);

        (await acme.PostAsync("workflows", """{"name":"x", "workflow_definition": {"nodes": []}}""", "the key")).IsProblem(409);
    }

    [Fact]
    public async Task A_refusal_is_not_kept()
    {
        var acme = await Api.NewOrganizationAsync();
        var delivery = await acme.AddDeliveryAsync();
        (await acme.PostAsync("workflows", """{"name": ""}""", "the key")).IsProblem(422);
        (await acme.PostAsync("workflows/999999999/runs", "{}", "the key")).IsProblem(404);
        (await acme.PostAsync($"deliveries/{delivery}/replay", "{}", "the key")).IsProblem(409);
        Assert.Equal(0, await Database.ScalarAsync<long>("SELECT count(*) FROM idempotency_keys WHERE organization_id = $1", acme.Id));

        var saved = await acme.PostAsync("workflows", Workflow(), "the key");
        await Database.ExecuteAsync("UPDATE webhook_deliveries SET status = 'dead_letter' WHERE delivery_uuid = $1", delivery);
        var replayed = await acme.PostAsync($"deliveries/{delivery}/replay", "{}", "the key");

        saved.Is(201);
        replayed.Is(202);
        Assert.Null(saved.Header(Replayed));
    }

    [Fact]
    public async Task A_key_is_kept_for_24_hours_and_then_free()
    {
        var acme = await Api.NewOrganizationAsync();
        var first = (await acme.PostAsync("workflows", Workflow(), "the key")).Is(201).Number("id");

        await AgeAsync("23 hours 59 minutes");
        (await acme.PostAsync("workflows", Named("Another body"), "the key")).IsProblem(409);
        Assert.Equal(first, (await acme.PostAsync("workflows", Workflow(), "the key")).Is(201).Number("id"));

        await AgeAsync("2 minutes");
        var afresh = await acme.PostAsync("workflows", Named("Another body"), "the key");
        var again = await acme.PostAsync("workflows", Named("Another body"), "the key");

        Assert.Null(afresh.Header(Replayed));
        Assert.NotEqual(first, afresh.Is(201).Number("id"));
        Assert.Equal("true", again.Header(Replayed));
        Assert.Equal(afresh.Body, again.Body);

        Task AgeAsync(string by) =>
            Database.ExecuteAsync($"UPDATE idempotency_keys SET created_at = created_at - interval '{by}' WHERE organization_id = $1", acme.Id);
    }

    [Fact]
    public async Task A_key_has_1_to_255_characters()
    {
        var acme = await Api.NewOrganizationAsync();

        (await acme.PostAsync("workflows", Workflow(), new string('k', 255))).Is(201);
        Assert.Equal("true", (await acme.PostAsync("workflows", Workflow(), new string('k', 255))).Header(Replayed));
        (await acme.PostAsync("workflows", Workflow(), new string('k', 256))).Blames("Idempotency-Key");
        (await acme.PostAsync("workflows", Workflow(), "")).Blames("Idempotency-Key");
    }

    [Fact]
    public async Task Paths_whose_answer_holds_a_key_of_ours_keep_no_answer()
    {
        var acme = await Api.NewOrganizationAsync();

        var first = await acme.PostAsync("api-keys", """{"name": "x"}""", "the key");
        var second = await acme.PostAsync("api-keys", """{"name": "x"}""", "the key");
        var third = await Api.Admin.PostAsync("organizations", """{"name": "x"}""", "the key");

        Assert.NotEqual(first.Is(201).Text("api_key"), second.Is(201).Text("api_key"));
        third.Is(201);
        Assert.DoesNotContain(first.Json.Text("api_key"), await Database.DumpAsync(), StringComparison.Ordinal);
    }

    // The first request with the key, and all that the organization has after it.
    private async Task<(ApiOrganization Acme, string Path, ApiAnswer First, string Before)> PostAsync(string route, string body)
    {
        var acme = await Api.NewOrganizationAsync();
        var path = await PathAsync(acme, route);
        var first = await acme.PostAsync(path, body, "the key");
        Assert.InRange(first.Status, 200, 299);
        return (acme, path, first, await Database.DumpAsync(acme.Id));
    }

    private async Task<string> PathAsync(ApiOrganization organization, string route)
    {
        var known = Api.Routes.Single(candidate => candidate.ToString() == route);
        if (route.EndsWith("/deliveries/replay", StringComparison.Ordinal)) await AddDeadLetterAsync(organization);
        if (route.EndsWith("/deliveries/cancel", StringComparison.Ordinal)) await organization.AddDeliveryAsync();
        if (!known.HasId) return known.With("");
        return known.With(known.Kind switch
        {
            "workflows" => (await organization.AddWorkflowAsync(Webhook())).ToString(),
            "signing-secrets" => (await organization.PostAsync("signing-secrets")).Is(201).Text("id"),
            "workflow-runs" => (await organization.StartRunAsync(await organization.AddWorkflowAsync(Webhook()))).ToString(),
            _ when route.EndsWith("/cancel", StringComparison.Ordinal) => (await organization.AddDeliveryAsync()).ToString(),
            _ => (await AddDeadLetterAsync(organization)).ToString(),
        });
    }

    private async Task<Guid> AddDeadLetterAsync(ApiOrganization organization)
    {
        var delivery = await organization.AddDeliveryAsync();
        await Database.ExecuteAsync("UPDATE webhook_deliveries SET status = 'dead_letter' WHERE delivery_uuid = $1", delivery);
        return delivery;
    }
}
