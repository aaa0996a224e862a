namespace Dograh.Tests.Api.Organizations;

public sealed class OrganizationsApiTests(ApiFixture fixture) : ApiTest(fixture)
{
    [Fact]
    public async Task A_new_organization_comes_with_a_key_that_works()
    {
        var created = (await Api.Admin.PostAsync("organizations", """{"name": "Acme & Söhne 🙂"}""")).Is(201);

        Assert.Equal(["id", "name", "created_at", "api_key"], created.Names());
        Assert.Equal("Acme & Söhne 🙂", created.Text("name"));
        Assert.Matches("^dgk_[A-Za-z0-9_-]{43}$", created.Text("api_key"));
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$", created.Text("created_at"));
        (await Api.WithKey(created.Text("api_key")).GetAsync("workflows")).Is(200);
    }

    [Fact]
    public async Task The_list_shows_organizations_and_never_a_key()
    {
        var acme = await Api.NewOrganizationAsync("Listed");

        var answer = await Api.Admin.GetAsync("organizations?limit=1");

        Assert.Equal(["id", "name", "created_at"], answer.Is(200).At("items/0").Names());
        Assert.Equal((acme.Id, "Listed"), (answer.Json.Number("items/0/id"), answer.Json.Text("items/0/name")));
        Assert.DoesNotContain("dgk_", answer.Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"name": null}""")]
    [InlineData("""{"name": ""}""")]
    [InlineData("""{"name": " \t\n"}""")]
    [InlineData("""{"Name": "x"}""")]
    public async Task A_name_is_required(string body)
    {
        (await Api.Admin.PostAsync("organizations", body)).Blames("name");
        (await (await Api.NewOrganizationAsync()).PostAsync("api-keys", body)).Blames("name");
    }

    [Fact]
    public async Task Two_organizations_of_one_name_are_two()
    {
        var one = await Api.NewOrganizationAsync("Same");
        var other = await Api.NewOrganizationAsync("Same");

        Assert.NotEqual(one.Id, other.Id);
        Assert.NotEqual(one.Key, other.Key);
    }
}
