namespace Dograh.Tests.Api.Organizations;

public sealed class ApiKeysApiTests(ApiFixture fixture) : ApiTest(fixture)
{
    [Fact]
    public async Task A_new_key_is_shown_once()
    {
        var acme = await Api.NewOrganizationAsync();

        var created = (await acme.PostAsync("api-keys", """{"name": "for the CRM"}""")).Is(201);
        var listed = await acme.GetAsync("api-keys");

        Assert.Equal(["id", "name", "prefix", "created_at", "api_key"], created.Names());
        Assert.Equal("for the CRM", created.Text("name"));
        Assert.StartsWith(created.Text("prefix"), created.Text("api_key"), StringComparison.Ordinal);
        Assert.Equal(12, created.Text("prefix").Length);
        Assert.Equal(["id", "name", "prefix", "created_at"], listed.Is(200).At("items/0").Names());
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
}
