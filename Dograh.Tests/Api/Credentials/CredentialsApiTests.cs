using System.Text;
using System.Text.Json;
using Dograh.Tests.Api.Workflows;
using Dograh.Webhooks.Credentials;
using Microsoft.Extensions.DependencyInjection;
using static Dograh.Tests.Api.Workflows.GivenWorkflows;

namespace Dograh.Tests.Api.Credentials;

public sealed class CredentialsApiTests(ApiFixture fixture) : ApiTest(fixture)
{
    private const string Secret = "s3cr3t-which-nobody-may-see";

    private static readonly string[] Fields = ["uuid", "name", "description", "credential_type", "created_at", "updated_at"];

    public static TheoryData<string, string, string?> Types => new()
    {
        { "none", "{}", null },
        { "bearer_token", """{"token": "s3cr3t-which-nobody-may-see"}""", "Authorization" },
        { "api_key", """{"header_name": "X-CRM-Key", "api_key": "s3cr3t-which-nobody-may-see"}""", "X-CRM-Key" },
        { "basic_auth", """{"username": "anna", "password": "s3cr3t-which-nobody-may-see"}""", "Authorization" },
        { "basic_auth", """{"username": "", "password": ""}""", "Authorization" },
        { "custom_header", """{"header_name": "X-Custom", "header_value": "s3cr3t-which-nobody-may-see"}""", "X-Custom" },
        { "oauth2_client_credentials", """{"token_url": "https://issuer.example/", "client_id": "c", "client_secret": "s3cr3t-which-nobody-may-see"}""", "Authorization" },
    };

    [Theory, MemberData(nameof(Types))]
    public async Task Each_type_is_stored_and_shown_without_its_data(string type, string data, string? header)
    {
        var acme = await Api.NewOrganizationAsync();

        var answer = await acme.PostAsync(
            "credentials", $$"""{"name": "CRM", "description": "for the CRM", "credential_type": "{{type}}", "credential_data": {{data}} }""");
        var created = answer.Is(201);
        var read = await acme.GetAsync($"credentials/{created.Text("uuid")}");
        var listed = await acme.GetAsync("credentials");

        Assert.Equal(Fields, created.Names());
        Assert.Equal(("CRM", "for the CRM", type), (created.Text("name"), created.Text("description"), created.Text("credential_type")));
        Assert.Equal(created.Text("created_at"), created.Text("updated_at"));
        Assert.Equal(answer.Body, read.Is(200).GetRawText());
        Assert.Equal(answer.Body, listed.Is(200).At("items/0").GetRawText());
        Assert.All([answer, read, listed], shown => Assert.DoesNotContain(Secret, shown.Body, StringComparison.Ordinal));
        Assert.Equal(header, await HeaderOfAsync(acme, created.Text("uuid")));
    }

    [Fact]
    public async Task Description_and_the_data_of_none_may_be_missing()
    {
        var acme = await Api.NewOrganizationAsync();

        var created = (await acme.PostAsync("credentials", """{"name": "x", "credential_type": "none"}""")).Is(201);

        Assert.True(created.IsNull("description"));
    }

    [Theory]
    [InlineData("{}", "name", "credential_type")]
    [InlineData("""{"name": "", "credential_type": null}""", "name", "credential_type")]
    [InlineData("""{"name": "x", "credential_type": "oauth2"}""", "credential_type")]
    [InlineData("""{"name": "x", "credential_type": "Bearer_Token", "credential_data": {"token": "t"}}""", "credential_type")]
    [InlineData("""{"name": "x", "credential_type": "bearer_token"}""", "credential_data.token")]
    [InlineData("""{"name": "x", "credential_type": "bearer_token", "credential_data": null}""", "credential_data.token")]
    [InlineData("""{"name": "x", "credential_type": "bearer_token", "credential_data": []}""", "credential_data")]
    [InlineData("""{"name": "x", "credential_type": "none", "credential_data": "x"}""", "credential_data")]
    [InlineData("""{"name": "x", "credential_type": "bearer_token", "credential_data": {"token": ""}}""", "credential_data.token")]
    [InlineData("""{"name": "x", "credential_type": "bearer_token", "credential_data": {"token": 5}}""", "credential_data.token")]
    [InlineData("""{"name": "x", "credential_type": "bearer_token", "credential_data": {"Token": "t"}}""", "credential_data.token")]
    [InlineData("""{"name": "x", "credential_type": "api_key", "credential_data": {}}""", "credential_data.header_name", "credential_data.api_key")]
    [InlineData("""{"name": "x", "credential_type": "api_key", "credential_data": {"header_name": "X-A"}}""", "credential_data.api_key")]
    [InlineData("""{"name": "x", "credential_type": "api_key", "credential_data": {"api_key": "k"}}""", "credential_data.header_name")]
    [InlineData("""{"name": "x", "credential_type": "basic_auth", "credential_data": {}}""", "credential_data.username", "credential_data.password")]
    [InlineData("""{"name": "x", "credential_type": "basic_auth", "credential_data": {"username": "a"}}""", "credential_data.password")]
    [InlineData("""{"name": "x", "credential_type": "basic_auth", "credential_data": {"username": null, "password": "p"}}""", "credential_data.username")]
    [InlineData("""{"name": "x", "credential_type": "basic_auth", "credential_data": {"username": "a:b", "password": "p"}}""", "credential_data.username")]
    [InlineData("""{"name": "x", "credential_type": "custom_header", "credential_data": {}}""", "credential_data.header_name", "credential_data.header_value")]
    [InlineData("""{"name": "x", "credential_type": "custom_header", "credential_data": {"header_name": "X-A"}}""", "credential_data.header_value")]
    [InlineData("""{"name": "x", "credential_type": "custom_header", "credential_data": {"header_value": "v"}}""", "credential_data.header_name")]
    public async Task What_is_missing_or_of_another_type_is_named(string body, params string[] fields)
    {
        var acme = await Api.NewOrganizationAsync();

        (await acme.PostAsync("credentials", body)).Blames(fields);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("X A")]
    [InlineData("X:A")]
    [InlineData("X-Ä")]
    [InlineData("X-A\r\nX-B")]
    [InlineData("X-A\0")]
    [InlineData("(X)")]
    [InlineData("X/A")]
    [InlineData("Content-Type")]
    [InlineData("content-length")]
    [InlineData("HOST")]
    [InlineData("Transfer-Encoding")]
    [InlineData("X-Dograh-Delivery-Id")]
    [InlineData("webhook-signature")]
    [InlineData("traceparent")]
    public async Task An_illegal_or_reserved_header_name_is_refused(string name)
    {
        var acme = await Api.NewOrganizationAsync();
        var (apiKey, custom) = (
            new { name = "x", credential_type = "api_key", credential_data = new { header_name = name, api_key = "k" } },
            new { name = "x", credential_type = "custom_header", credential_data = new { header_name = name, header_value = "v" } });

        (await acme.PostAsync("credentials", apiKey)).Blames("credential_data.header_name");
        (await acme.PostAsync("credentials", custom)).Blames("credential_data.header_name");
    }

    [Theory]
    [InlineData("\r\n")]
    [InlineData("\n")]
    [InlineData("\0")]
    [InlineData("\t")]
    [InlineData("\u001b")]
    [InlineData("\u007f")]
    [InlineData("\u0085")]
    public async Task A_value_with_a_control_character_is_refused_and_not_repeated(string control)
    {
        var acme = await Api.NewOrganizationAsync();
        var value = Secret + control + "x";
        var refusals = new[]
        {
            (await acme.PostAsync("credentials", new { name = "x", credential_type = "bearer_token", credential_data = new { token = value } }), "token"),
            (await acme.PostAsync("credentials", new { name = "x", credential_type = "api_key", credential_data = new { header_name = "X-A", api_key = value } }), "api_key"),
            (await acme.PostAsync("credentials", new { name = "x", credential_type = "basic_auth", credential_data = new { username = "a", password = value } }), "password"),
            (await acme.PostAsync("credentials", new { name = "x", credential_type = "basic_auth", credential_data = new { username = value, password = "p" } }), "username"),
            (await acme.PostAsync("credentials", new { name = "x", credential_type = "custom_header", credential_data = new { header_name = "X-A", header_value = value } }), "header_value"),
        };

        Assert.All(refusals, refusal =>
        {
            refusal.Item1.Blames($"credential_data.{refusal.Item2}");
            Assert.DoesNotContain(Secret, refusal.Item1.Body, StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task Every_field_can_be_changed_by_itself()
    {
        var acme = await Api.NewOrganizationAsync();
        var created = (await acme.PostAsync(
            "credentials", """{"name": "old", "description": "old", "credential_type": "bearer_token", "credential_data": {"token": "old"}}""")).Is(201);
        var uuid = created.Uuid("uuid");

        await AssertAsync("""{"name": "new"}""", ("new", "old", "bearer_token"), """{"token": "old"}""");
        await AssertAsync("""{"description": "new"}""", ("new", "new", "bearer_token"), """{"token": "old"}""");
        await AssertAsync("""{"credential_data": {"token": "new"}}""", ("new", "new", "bearer_token"), """{"token": "new"}""");
        await AssertAsync("""{"credential_type": "bearer_token"}""", ("new", "new", "bearer_token"), """{"token": "new"}""");
        await AssertAsync("""{"credential_type": "api_key", "credential_data": {"header_name": "X-A", "api_key": "k"}}""", ("new", "new", "api_key"), """{"header_name": "X-A", "api_key": "k"}""");
        await AssertAsync("""{"description": null, "name": "newer"}""", ("newer", null, "api_key"), """{"header_name": "X-A", "api_key": "k"}""");
        await AssertAsync("{}", ("newer", null, "api_key"), """{"header_name": "X-A", "api_key": "k"}""");
        await AssertAsync("""{"credential_type": "none"}""", ("newer", null, "none"), "{}");

        async Task AssertAsync(string change, (string, string?, string) expected, string data)
        {
            var before = (await acme.GetAsync($"credentials/{uuid}")).Is(200);
            var changed = (await acme.PutAsync($"credentials/{uuid}", change)).Is(200);

            Assert.Equal(Fields, changed.Names());
            Assert.Equal(expected, (changed.Text("name"), changed.Text("description"), changed.Text("credential_type")));
            Assert.Equal(created.Text("created_at"), changed.Text("created_at"));
            Assert.True(changed.Time("updated_at") > before.Time("updated_at"));
            Assert.Equal(changed.ToString(), (await acme.GetAsync($"credentials/{uuid}")).Is(200).ToString());
            Assert.Equal(data, await DataOfAsync(acme, uuid));
        }
    }

    [Theory]
    [InlineData("""{"name": ""}""", "name")]
    [InlineData("""{"name": null}""", "name")]
    [InlineData("""{"credential_type": "oauth2"}""", "credential_type")]
    [InlineData("""{"credential_type": "basic_auth"}""", "credential_data.username", "credential_data.password")]
    [InlineData("""{"credential_type": "none", "credential_data": 5}""", "credential_data")]
    [InlineData("""{"credential_data": {}}""", "credential_data.token")]
    [InlineData("""{"credential_data": {"token": "a\r\nb"}}""", "credential_data.token")]
    public async Task A_change_that_makes_no_sense_is_refused_and_changes_nothing(string change, params string[] fields)
    {
        var acme = await Api.NewOrganizationAsync();
        var uuid = await AddAsync(acme);
        var before = await Database.DumpAsync(acme.Id);

        (await acme.PutAsync($"credentials/{uuid}", change)).Blames(fields);

        Assert.Equal(before, await Database.DumpAsync(acme.Id));
    }

    [Fact]
    public async Task A_deleted_credential_stops_resolving_at_once_and_its_row_stays()
    {
        var acme = await Api.NewOrganizationAsync();
        var uuid = await AddAsync(acme);
        var workflow = await acme.AddWorkflowAsync(Webhook("hook", ("credential_uuid", uuid)));
        Assert.Equal("would_send", (await acme.PostAsync($"workflows/{workflow}/preview")).Is(200).Text("requests/0/outcome"));

        var deleted = await acme.DeleteAsync($"credentials/{uuid}");

        Assert.Equal((204, ""), (deleted.Status, deleted.Body));
        var request = (await acme.PostAsync($"workflows/{workflow}/preview")).Is(200).At("requests/0");
        Assert.Equal(("invalid", $"credential {uuid} not found"), (request.Text("outcome"), request.Text("reason")));
        (await acme.GetAsync($"credentials/{uuid}")).IsProblem(404);
        (await acme.PutAsync($"credentials/{uuid}", """{"name": "x"}""")).IsProblem(404);
        (await acme.DeleteAsync($"credentials/{uuid}")).IsProblem(404);
        Assert.Empty((await acme.GetAsync("credentials")).Is(200).Items());
        (await acme.PostAsync("workflows", Workflow(Webhook("hook", ("credential_uuid", uuid))))).Blames("/workflow_definition/nodes/0/data/credential_uuid");
        Assert.False(await Database.ScalarAsync<bool>("SELECT is_active FROM external_credentials WHERE uuid = $1", Guid.Parse(uuid)));
    }

    [Theory, MemberData(nameof(Types))]
    public async Task Data_is_encrypted_in_the_database(string type, string data, string? header)
    {
        _ = header;
        var acme = await Api.NewOrganizationAsync();
        var body = $$"""{"name": "CRM", "credential_type": "{{type}}", "credential_data": {{data}} }""";
        var uuid = (await acme.PostAsync("credentials", body, idempotencyKey: "kept too")).Is(201).Text("uuid");
        (await acme.PutAsync($"credentials/{uuid}", body)).Is(200);

        var everything = await Database.DumpAsync();

        Assert.DoesNotContain(Secret, everything, StringComparison.Ordinal);
        foreach (var encoded in (Encoding[])[Encoding.UTF8, Encoding.Unicode, Encoding.BigEndianUnicode])
        {
            Assert.DoesNotContain(Convert.ToHexStringLower(encoded.GetBytes(Secret)), everything, StringComparison.Ordinal);
        }

        Assert.DoesNotContain(Convert.ToBase64String(Encoding.UTF8.GetBytes(Secret))[..^4], everything, StringComparison.Ordinal);
        Assert.DoesNotContain(Convert.ToBase64String(Encoding.UTF8.GetBytes($"anna:{Secret}"))[..^4], everything, StringComparison.Ordinal);
        Assert.Equal(JsonSerializer.Serialize(JsonElement.Parse(data)), JsonSerializer.Serialize(JsonElement.Parse(await DataOfAsync(acme, Guid.Parse(uuid)))));
    }

    [Fact]
    public async Task The_key_ring_in_the_database_is_sealed_by_the_master_key()
    {
        var acme = await Api.NewOrganizationAsync();
        await AddAsync(acme);

        var keys = await Database.ColumnAsync<string>("SELECT xml FROM data_protection_keys");

        Assert.NotEmpty(keys);
        Assert.All(keys, key =>
        {
            Assert.Contains("masterKeySealed", key, StringComparison.Ordinal);
            Assert.DoesNotContain("<masterKey", key.Replace("<masterKeySealed", "", StringComparison.Ordinal), StringComparison.Ordinal);
        });
    }

    private static async Task<string> AddAsync(ApiOrganization organization) => (await organization.PostAsync(
        "credentials", """{"name": "x", "credential_type": "bearer_token", "credential_data": {"token": "t"}}""")).Is(201).Text("uuid");

    // The name of the header that it would send, if any.
    private static async Task<string?> HeaderOfAsync(ApiOrganization organization, string uuid)
    {
        var workflow = await organization.AddWorkflowAsync(Webhook("hook", ("credential_uuid", uuid)));
        var headers = (await organization.PostAsync($"workflows/{workflow}/preview")).Is(200).At("requests/0/headers");
        return headers.EnumerateObject().Where(header => header.Value.ValueEquals("***") && !header.Name.StartsWith("webhook-", StringComparison.Ordinal)).Select(header => header.Name).SingleOrDefault();
    }

    private async Task<string> DataOfAsync(ApiOrganization organization, Guid uuid) =>
        Api.Services.GetRequiredService<CredentialProtector>().Unprotect(
            await Database.ScalarAsync<string>("SELECT credential_type FROM external_credentials WHERE uuid = $1", uuid), organization.Id, uuid, await Database.ScalarAsync<byte[]>("SELECT encrypted_data FROM external_credentials WHERE uuid = $1", uuid));
}
