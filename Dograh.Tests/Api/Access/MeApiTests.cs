namespace Dograh.Tests.Api.Access;

public sealed class MeApiTests(ApiFixture fixture) : ApiTest(fixture)
{
    [Fact]
    public async Task An_organizations_first_key_may_do_everything()
    {
        var acme = await Api.NewOrganizationAsync("Acme & Söhne");
        var key = (await acme.GetAsync("api-keys")).Is(200).At("items/0");

        (await acme.GetAsync("me")).Is(200).Matches(
            $$"""
            {"role": "organization", "organization": {"id": {{acme.Id}}, "name": "Acme & Söhne"},
             "key": {"id": "{{key.Text("id")}}", "name": "{{key.Text("name")}}", "prefix": "{{key.Text("prefix")}}", "scopes": null, "expires_at": null} }
            """);
    }

    [Theory]
    [InlineData("runs:write")]
    [InlineData("deliveries:read", "audit:read")]
    public async Task A_key_of_any_scope_is_told_what_it_may_do_and_how_long(params string[] scopes)
    {
        var acme = await Api.NewOrganizationAsync();
        var end = TimeProvider.System.GetUtcNow().AddHours(1);
        var created = (await acme.PostAsync("api-keys", new { name = "deployment", scopes, expires_at = end })).Is(201);

        var me = (await Api.WithKey(created.Text("api_key")).GetAsync("me")).Is(200);

        Assert.Equal(scopes, me.At("key/scopes").EnumerateArray().Select(scope => scope.GetString()!));
        Assert.Equal(
            (created.Text("id"), "deployment", created.Text("prefix"), created.Time("expires_at"), acme.Id),
            (me.Text("key/id"), me.Text("key/name"), me.Text("key/prefix"), me.Time("key/expires_at"), me.Number("organization/id")));
    }

    [Fact]
    public async Task The_operator_is_told_so_and_whom_it_acts_for()
    {
        var acme = await Api.NewOrganizationAsync("Acme");

        (await Api.Admin.GetAsync("me")).Is(200).Matches("""{"role": "operator", "organization": null, "key": null}""");
        (await Api.ActingFor(acme).GetAsync("me")).Is(200).Matches($$"""{"role": "operator", "organization": {"id": {{acme.Id}}, "name": "Acme"}, "key": null}""");
    }

    [Fact]
    public async Task A_key_that_is_deleted_or_has_expired_is_nobody()
    {
        var acme = await Api.NewOrganizationAsync();
        var deleted = (await acme.PostAsync("api-keys", new { name = "x" })).Is(201);
        var expired = (await acme.PostAsync("api-keys", new { name = "y", expires_at = TimeProvider.System.GetUtcNow().AddHours(1) })).Is(201);
        foreach (var key in (string[])[deleted.Text("api_key"), expired.Text("api_key")]) (await Api.WithKey(key).GetAsync("me")).Is(200);
        await acme.DeleteAsync($"api-keys/{deleted.Text("id")}");
        await Database.ExecuteAsync("UPDATE api_keys SET expires_at = now() WHERE id = $1", expired.Uuid("id"));

        foreach (var key in (string[])[deleted.Text("api_key"), expired.Text("api_key")]) (await Api.WithKey(key).GetAsync("me")).IsProblem(401);
    }
}
