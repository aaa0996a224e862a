using System.Text.Json;
using Dograh.Tests.Support;
using Dograh.Webhooks.Data.Sql;
using Dograh.Webhooks.Organizations;

namespace Dograh.Tests.Api.Organizations;

public sealed class ApiKeysApiTests(ApiFixture fixture) : ApiTest(fixture)
{
    [Fact]
    public async Task A_new_key_is_shown_once()
    {
        var acme = await Api.NewOrganizationAsync();

        var created = (await acme.PostAsync("api-keys", """{"name": "for the CRM"}""")).Is(201);
        var listed = await acme.GetAsync("api-keys");

        Assert.Equal(["id", "name", "prefix", "scopes", "created_at", "expires_at", "last_used_at", "api_key"], created.Names());
        Assert.Equal("for the CRM", created.Text("name"));
        Assert.StartsWith(created.Text("prefix"), created.Text("api_key"), StringComparison.Ordinal);
        Assert.Equal(12, created.Text("prefix").Length);
        Assert.Equal(["id", "name", "prefix", "scopes", "created_at", "expires_at", "last_used_at"], listed.Is(200).At("items/0").Names());
        Assert.Equal(created.Text("id"), listed.Json.Text("items/0/id"));
        Assert.Equal(created.Text("created_at"), listed.Json.Text("items/0/created_at"));
        Assert.DoesNotContain(created.Text("api_key"), listed.Body, StringComparison.Ordinal);
        Assert.DoesNotContain(acme.Key, listed.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_new_organization_has_one_key()
    {
        var acme = await Api.NewOrganizationAsync();

        var key = Assert.Single((await acme.GetAsync("api-keys")).Is(200).Items());

        Assert.StartsWith(key.Text("prefix"), acme.Key, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_deleted_key_is_gone_and_the_others_stay()
    {
        var acme = await Api.NewOrganizationAsync();
        var second = (await acme.PostAsync("api-keys", """{"name": "second"}""")).Is(201);

        var deleted = await Api.WithKey(second.Text("api_key")).DeleteAsync($"api-keys/{second.Text("id")}");

        Assert.Equal((204, ""), (deleted.Status, deleted.Body));
        Assert.Single((await acme.GetAsync("api-keys")).Is(200).Items());
        (await acme.DeleteAsync($"api-keys/{second.Text("id")}")).IsProblem(404);
    }

    [Fact]
    public async Task A_key_without_scopes_of_its_own_has_those_of_the_key_that_makes_it()
    {
        var acme = await Api.NewOrganizationAsync();

        var all = (await acme.PostAsync("api-keys", new { name = "all" })).Is(201);
        var some = (await acme.PostAsync("api-keys", new { name = "some", scopes = (string[])["keys:write", "keys:read", "runs:write", "keys:read"] })).Is(201);
        var inherited = (await Api.WithKey(some.Text("api_key")).PostAsync("api-keys", new { name = "inherited" })).Is(201);

        Assert.Equal(ApiKeyScope.All, Scopes(all));
        Assert.Equal(["keys:write", "keys:read", "runs:write"], Scopes(some));
        Assert.Equal(Scopes(some), Scopes(inherited));
        Assert.Equal(
            [Scopes(inherited), Scopes(some), Scopes(all), ApiKeyScope.All], (await acme.GetAsync("api-keys")).Is(200).Items().Select(Scopes));
        Assert.Equal(2L, await Database.ScalarAsync<long>("SELECT count(*) FROM api_keys WHERE organization_id = $1 AND scopes IS NULL", acme.Id));
    }

    [Fact]
    public async Task No_key_gives_a_scope_that_it_has_not()
    {
        var acme = await Api.NewOrganizationAsync();
        var maker = Api.WithKey((await acme.PostAsync("api-keys", new { name = "maker", scopes = (string[])["keys:write", "runs:read"] })).Is(201).Text("api_key"));

        var refused = (await maker.PostAsync("api-keys", new { name = "x", scopes = (string[])["runs:read", "runs:write"] })).IsProblem(403);

        Assert.Contains("'runs:write'", refused.Text("detail"), StringComparison.Ordinal);
        Assert.Equal(["runs:read"], Scopes((await maker.PostAsync("api-keys", new { name = "x", scopes = (string[])["runs:read"] })).Is(201)));
    }

    [Fact]
    public async Task No_key_outlives_the_one_that_makes_it()
    {
        var acme = await Api.NewOrganizationAsync();
        var end = TimeProvider.System.GetUtcNow().AddHours(1);
        var created = (await acme.PostAsync("api-keys", new { name = "for an hour", expires_at = end })).Is(201);
        var maker = Api.WithKey(created.Text("api_key"));

        var inherited = (await maker.PostAsync("api-keys", new { name = "as long" })).Is(201);
        (await maker.PostAsync("api-keys", new { name = "longer", expires_at = end.AddHours(1) })).IsProblem(403);
        var shorter = (await maker.PostAsync("api-keys", new { name = "shorter", expires_at = end.AddMinutes(-30) })).Is(201);

        Assert.Equal(end, created.Time("expires_at"), TimeSpan.FromMilliseconds(1));
        Assert.Equal(created.Time("expires_at"), inherited.Time("expires_at"));
        Assert.True(shorter.Time("expires_at") < created.Time("expires_at"));
        Assert.True((await acme.PostAsync("api-keys", new { name = "for ever" })).Is(201).IsNull("expires_at"));
    }

    [Theory]
    [InlineData("scopes.0", """["runs"]""")]
    [InlineData("scopes.1", """["runs:read", null]""")]
    [InlineData("scopes.0", """["RUNS:READ"]""")]
    [InlineData("scopes.0", """["a\u0000b"]""")]
    [InlineData("scopes", "[]")]
    [InlineData("scopes", "5")]
    [InlineData("scopes.0", "[5]")]
    public async Task Scopes_that_are_none_are_named(string field, string scopes) =>
        (await (await Api.NewOrganizationAsync()).PostAsync("api-keys", $$"""{"name": "x", "scopes": {{scopes}}}""")).Blames(field);

    [Theory]
    [InlineData("\"2020-01-31T12:00:00Z\"")]
    [InlineData("\"9999-12-31T23:59:59.9999999Z\"")]
    [InlineData("\"9999-12-31T23:59:59.9999999-14:00\"")]
    [InlineData("\"0001-01-01T00:00:00+14:00\"")]
    [InlineData("\"tomorrow\"")]
    [InlineData("5")]
    public async Task An_end_that_is_not_to_come_is_named(string time) =>
        (await (await Api.NewOrganizationAsync()).PostAsync("api-keys", $$"""{"name": "x", "expires_at": {{time}}}""")).Blames("expires_at");

    [Fact]
    public async Task A_keys_last_use_shows_and_is_written_once_a_minute()
    {
        var acme = await Api.NewOrganizationAsync();
        var created = (await acme.PostAsync("api-keys", new { name = "used" })).Is(201);
        var caller = Api.WithKey(created.Text("api_key"));
        Assert.True(created.IsNull("last_used_at"));
        (await caller.GetAsync("workflows")).Is(200);

        await Eventually.TrueAsync(async () => await LastUseAsync("used") is not null);
        var used = await LastUseAsync("used");
        for (var n = 0; n < 5; n++) (await caller.GetAsync("workflows")).Is(200);
        // Another key's use is written after those.
        var later = (await acme.PostAsync("api-keys", new { name = "later" })).Is(201);
        (await Api.WithKey(later.Text("api_key")).GetAsync("workflows")).Is(200);
        await Eventually.TrueAsync(async () => await LastUseAsync("later") is not null);

        Assert.Equal(used, await LastUseAsync("used"));

        async Task<string?> LastUseAsync(string name) =>
            (await acme.GetAsync("api-keys")).Is(200).Items().Single(key => key.Text("name") == name).At("last_used_at").GetString();
    }

    // Whoever writes, and however many APIs there are.
    [Fact]
    public async Task A_use_within_a_minute_of_the_last_one_is_not_written()
    {
        var acme = await Api.NewOrganizationAsync();
        var key = (await acme.PostAsync("api-keys", new { name = "used" })).Is(201).Uuid("id");
        await using var connection = await Database.DataSource.OpenConnectionAsync(Token);

        await RecordKeyUses.ExecuteAsync(connection, [(acme.Id, key, 120)], 5, Token);
        var first = await LastUseAsync();
        await RecordKeyUses.ExecuteAsync(connection, [(acme.Id, key, 0)], 5, Token);
        var second = await LastUseAsync();
        await RecordKeyUses.ExecuteAsync(connection, [(acme.Id, key, 0)], 5, Token);

        Assert.True(first < second);
        Assert.Equal(second, await LastUseAsync());

        Task<DateTime> LastUseAsync() => Database.ScalarAsync<DateTime>("SELECT last_used_at FROM api_keys WHERE id = $1", key);
    }

    private static IEnumerable<string> Scopes(JsonElement key) => key.At("scopes").EnumerateArray().Select(scope => scope.GetString()!);
}
