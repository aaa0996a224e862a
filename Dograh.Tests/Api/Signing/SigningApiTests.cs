using Dograh.Tests.Api.Workflows;
using Dograh.Tests.Support;
using Dograh.Webhooks.Signing;
using static Dograh.Tests.Api.Workflows.GivenWorkflows;

namespace Dograh.Tests.Api.Signing;

public sealed class SigningApiTests(ApiFixture fixture) : ApiTest(fixture)
{
    [Fact]
    public async Task An_organization_has_a_secret_from_its_creation()
    {
        var acme = await Api.NewOrganizationAsync();

        Assert.Equal(1, await Database.ScalarAsync<long>("SELECT count(*) FROM signing_secrets WHERE organization_id = $1", acme.Id));
        var secret = Assert.Single((await acme.GetAsync("signing-secrets")).Is(200).Items());
        Assert.Equal(["id", "algorithm", "prefix", "workflow_id", "webhook_node_id", "created_at", "expires_at"], secret.Names());
        Assert.Equal("v1", secret.Text("algorithm"));
        Assert.All((string[])["workflow_id", "webhook_node_id", "expires_at"], name => Assert.True(secret.IsNull(name)));
        var text = await RevealAsync(acme, secret.Uuid("id"));
        Assert.Equal(32, SigningSecretText.Read("whsec_", text).Length);
        Assert.Equal(text[..10] + "…", secret.Text("prefix"));
    }

    [Fact]
    public async Task An_organization_that_an_older_API_has_created_sees_its_secret_when_it_looks()
    {
        var acme = await Api.NewOrganizationAsync();
        await Database.ExecuteAsync("DELETE FROM signing_secrets WHERE organization_id = $1", acme.Id);

        var lists = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => acme.GetAsync("signing-secrets")));

        Assert.Single(lists.Select(list => Assert.Single(list.Is(200).Items()).Uuid("id")).Distinct());
    }

    [Fact]
    public async Task Only_revealing_shows_a_secret_and_a_private_key_is_never_shown()
    {
        var acme = await Api.NewOrganizationAsync();
        var brought = SigningSecretText.Write("whsec_", [.. Enumerable.Range(0, 40).Select(n => (byte)(n * 7))]);
        var added = await acme.PostAsync("signing-secrets", new { secret = brought }, "a key");
        var pair = await acme.PostAsync("signing-secrets", """{"algorithm": "v1a"}""", "another");
        var rotated = await acme.PostAsync("signing-secrets/rotate", "{}");
        var list = await acme.GetAsync("signing-secrets");

        Assert.All([added, pair, rotated, list], answer => Assert.DoesNotContain(brought[10..], answer.Body, StringComparison.Ordinal));
        Assert.Equal(brought, await RevealAsync(acme, added.Is(201).Uuid("id")));
        var publicKey = await RevealAsync(acme, pair.Is(201).Uuid("id"));
        Assert.Equal(32, SigningSecretText.Read("whpk_", publicKey).Length);
        Assert.Equal(publicKey, (await acme.GetAsync("signing-keys")).Is(200).Text("items/0/public_key"));
        var reveal = await acme.GetAsync($"signing-secrets/{added.Json.Uuid("id")}/secret");
        Assert.Equal("no-store", reveal.Header("Cache-Control"));
        Assert.DoesNotContain(brought[10..], await Database.DumpAsync(), StringComparison.Ordinal);
        Assert.False(Api.Log.Has(brought[10..]));
    }

    [Theory]
    [InlineData("""{"secret": "whsec_AAAA"}""", "secret")]
    [InlineData("""{"secret": "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}""", "secret")]
    [InlineData("""{"secret": "whsec_planted-secret that is not base64"}""", "secret")]
    [InlineData("""{"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "algorithm": "v1a"}""", "secret")]
    [InlineData("""{"algorithm": "v2"}""", "algorithm")]
    [InlineData("""{"workflow_id": 1}""", "webhook_node_id")]
    [InlineData("""{"webhook_node_id": "hook"}""", "workflow_id")]
    [InlineData("""{"workflow_id": 999999999, "webhook_node_id": "hook"}""", "workflow_id")]
    public async Task What_cannot_be_a_secret_is_refused_and_not_quoted(string body, string field)
    {
        var acme = await Api.NewOrganizationAsync();

        var answer = await acme.PostAsync("signing-secrets", body);

        answer.Blames(field);
        Assert.DoesNotContain("planted", answer.Body, StringComparison.Ordinal);
        Assert.Single((await acme.GetAsync("signing-secrets")).Is(200).Items());
    }

    [Theory]
    [InlineData("workflow_id=abc", "workflow_id")]
    [InlineData("webhook_node_id=a%00b", "webhook_node_id")]
    public async Task A_filter_that_cannot_be_is_refused_by_name(string filter, string field)
    {
        var acme = await Api.NewOrganizationAsync();

        (await acme.GetAsync($"signing-secrets?{filter}")).Blames(field);
    }

    [Fact]
    public async Task A_node_is_one_of_its_workflows_current_version()
    {
        var acme = await Api.NewOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync(Webhook("hook"));

        (await acme.PostAsync("signing-secrets", new { workflow_id = workflow, webhook_node_id = "another" })).Blames("webhook_node_id");
        var added = (await acme.PostAsync("signing-secrets", new { workflow_id = workflow, webhook_node_id = "hook" })).Is(201);

        Assert.Equal((workflow, "hook"), (added.Number("workflow_id"), added.Text("webhook_node_id")));
        Assert.Equal([added.Uuid("id")], await IdsAsync(acme, $"?workflow_id={workflow}"));
        Assert.Equal([added.Uuid("id")], await IdsAsync(acme, "?webhook_node_id=hook"));
        Assert.Empty(await IdsAsync(acme, $"?workflow_id={workflow}&webhook_node_id=another"));
        Assert.Equal(2, (await IdsAsync(acme)).Count);
        (await acme.GetAsync("signing-secrets?workflow_id=x")).Blames("workflow_id");
    }

    [Fact]
    public async Task A_rotation_lets_the_old_ones_of_its_algorithm_sign_for_a_day_and_lengthens_nobodys_time()
    {
        var acme = await Api.NewOrganizationAsync();
        var first = Assert.Single(await IdsAsync(acme));
        var asymmetric = (await acme.PostAsync("signing-secrets", """{"algorithm": "v1a"}""")).Is(201).Uuid("id");
        var ending = (await acme.PostAsync("signing-secrets")).Is(201).Uuid("id");
        var endsAt = (await acme.PostAsync($"signing-secrets/{ending}/expire", """{"after_seconds": 60}""")).Is(200).Time("expires_at");

        var rotated = (await acme.PostAsync("signing-secrets/rotate")).Is(201);

        var secrets = (await acme.GetAsync("signing-secrets")).Is(200).Items().ToDictionary(item => item.Uuid("id"));
        Assert.Equal(4, secrets.Count);
        Assert.Equal(TimeSpan.FromDays(1), secrets[first].Time("expires_at") - rotated.Time("created_at"));
        Assert.Equal(endsAt, secrets[ending].Time("expires_at"));
        Assert.True(secrets[asymmetric].IsNull("expires_at"));
        Assert.True(secrets[rotated.Uuid("id")].IsNull("expires_at"));
    }

    [Fact]
    public async Task A_rotation_without_an_overlap_leaves_the_new_one_only()
    {
        var acme = await Api.NewOrganizationAsync();
        var old = Assert.Single(await IdsAsync(acme));

        var rotated = (await acme.PostAsync("signing-secrets/rotate", """{"overlap_seconds": 0}""")).Is(201).Uuid("id");

        Assert.Equal([rotated], await IdsAsync(acme));
        (await acme.GetAsync($"signing-secrets/{old}/secret")).IsProblem(404);
    }

    [Theory]
    [InlineData("overlap_seconds", -1)]
    [InlineData("overlap_seconds", 604801)]
    public async Task An_overlap_is_from_nothing_to_a_week(string field, double seconds) =>
        (await (await Api.NewOrganizationAsync()).PostAsync("signing-secrets/rotate", new Dictionary<string, double> { [field] = seconds })).Blames(field);

    [Fact]
    public async Task Rotations_at_once_leave_one_that_goes_on()
    {
        var acme = await Api.NewOrganizationAsync();

        var rotations = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => acme.PostAsync("signing-secrets/rotate")));

        Assert.All(rotations, rotation => rotation.Is(201));
        var secrets = (await acme.GetAsync("signing-secrets")).Is(200).Items();
        Assert.Equal(7, secrets.Count);
        Assert.Single(secrets, secret => secret.IsNull("expires_at"));
    }

    [Fact]
    public async Task The_last_v1_secret_of_an_organization_goes_on_signing()
    {
        var acme = await Api.NewOrganizationAsync();
        var last = Assert.Single(await IdsAsync(acme));
        (await acme.PostAsync("signing-secrets", """{"algorithm": "v1a"}""")).Is(201);
        var ending = (await acme.PostAsync("signing-secrets")).Is(201).Uuid("id");
        (await acme.PostAsync($"signing-secrets/{ending}/expire", """{"after_seconds": 3600}""")).Is(200);

        (await acme.PostAsync($"signing-secrets/{last}/expire")).IsProblem(409);
        (await acme.PostAsync($"signing-secrets/{last}/expire", """{"after_seconds": 604800}""")).IsProblem(409);
        (await acme.PostAsync($"signing-secrets/{last}/expire", """{"after_seconds": -1}""")).Blames("after_seconds");

        Assert.Contains(last, await IdsAsync(acme));
    }

    [Fact]
    public async Task Of_two_secrets_that_are_expired_at_once_one_remains()
    {
        var acme = await Api.NewOrganizationAsync();
        var first = Assert.Single(await IdsAsync(acme));
        var second = (await acme.PostAsync("signing-secrets")).Is(201).Uuid("id");

        var answers = await Task.WhenAll(new[] { first, second }.Select(id => acme.PostAsync($"signing-secrets/{id}/expire")));

        Assert.Equal([200, 409], answers.Select(answer => answer.Status).Order());
        Assert.Single(await IdsAsync(acme));
    }

    [Fact]
    public async Task At_most_ten_secrets_of_a_scope_sign_at_a_time()
    {
        var acme = await Api.NewOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync(Webhook("hook"));
        var answers = await Task.WhenAll(Enumerable.Range(0, 11).Select(_ => acme.PostAsync("signing-secrets")));

        Assert.Equal([.. Enumerable.Repeat(201, 9), 409, 409], answers.Select(answer => answer.Status).Order());
        (await acme.PostAsync("signing-secrets/rotate")).IsProblem(409);
        (await acme.PostAsync("signing-secrets", new { workflow_id = workflow, webhook_node_id = "hook" })).Is(201);
        (await acme.PostAsync("signing-secrets/rotate", """{"overlap_seconds": 0}""")).Is(201);
    }

    [Fact]
    public async Task What_has_expired_is_forgotten_at_the_next_change()
    {
        var acme = await Api.NewOrganizationAsync();
        (await acme.PostAsync("signing-secrets/rotate", """{"overlap_seconds": 0}""")).Is(201);
        (await acme.PostAsync("signing-secrets")).Is(201);

        Assert.Equal(2, await Database.ScalarAsync<long>("SELECT count(*) FROM signing_secrets WHERE organization_id = $1", acme.Id));
    }

    [Fact]
    public async Task The_list_is_paged_newest_first()
    {
        var acme = await Api.NewOrganizationAsync();
        for (var i = 0; i < 3; i++) (await acme.PostAsync("signing-secrets")).Is(201);

        var all = await IdsAsync(acme);
        var first = (await acme.GetAsync("signing-secrets?limit=3")).Is(200);
        var second = (await acme.GetAsync($"signing-secrets?limit=3&cursor={first.Text("next_cursor")}")).Is(200);

        Assert.Equal(all, first.Items().Concat(second.Items()).Select(item => item.Uuid("id")));
        Assert.True(second.IsNull("next_cursor"));
    }

    private static async Task<IReadOnlyList<Guid>> IdsAsync(ApiCaller organization, string query = "") =>
        [.. (await organization.GetAsync($"signing-secrets{query}")).Is(200).Items().Select(item => item.Uuid("id"))];

    private static async Task<string> RevealAsync(ApiCaller organization, Guid id) =>
        (await organization.GetAsync($"signing-secrets/{id}/secret")).Is(200).Text("secret");
}
