using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Dograh.Tests.Api.Http;

public sealed partial class ApiDescriptionTests(ApiFixture fixture) : ApiTest(fixture)
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    [Fact]
    public async Task The_description_is_openapi_3_1_and_needs_no_key() =>
        Assert.StartsWith("3.1.", (await DocumentAsync()).Text("openapi"), StringComparison.Ordinal);

    [Fact]
    public async Task The_description_lists_every_path_and_no_other()
    {
        var paths = (await DocumentAsync()).At("paths");
        var described = paths.EnumerateObject().SelectMany(path => path.Value.EnumerateObject().Select(method => $"{method.Name.ToUpperInvariant()} {path.Name}"));

        Assert.Equal(
            Api.Routes.Select(route => Constraint().Replace(route.ToString(), "}")).Order(StringComparer.Ordinal),
            described.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Everything_described_is_in_snake_case()
    {
        var names = new List<string>();
        Collect((await DocumentAsync()).At("components/schemas"), names);

        Assert.NotEmpty(names);
        Assert.All(names, name => Assert.Matches("^[a-z][a-z0-9]*(_[a-z0-9]+)*$", name));
    }

    [Fact]
    public async Task The_description_is_the_approved_one()
    {
        var document = JsonNode.Parse((await Api.Anonymous.GetAsync("/openapi/v1.json")).Body)!.AsObject();
        document.Remove("servers"); // The port is another one each time.

        Approved.Match(document.ToJsonString(Indented), "Dograh.Tests/Api/openapi.approved.json");
    }

    [Theory]
    [InlineData("/scalar")]
    [InlineData("/scalar/")]
    [InlineData("/scalar/v1")]
    public async Task A_readable_reference_answers_without_a_key(string path)
    {
        var answer = await Api.Anonymous.GetAsync(path);
        while (answer.Status is 301 or 302 or 307 or 308) answer = await Api.Anonymous.GetAsync(new Uri(new Uri(Api.Address, path), answer.Header("Location")!).PathAndQuery);

        Assert.Equal(200, answer.Status);
        Assert.StartsWith("text/html", answer.Header("Content-Type"), StringComparison.Ordinal);
        Assert.Contains("<title>Dograh Webhooks</title>", answer.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whoever_has_not_signed_in_is_led_there_from_the_root()
    {
        var answer = await Api.Anonymous.GetAsync("/");

        Assert.Equal(302, answer.Status);
        Assert.Equal(new Uri(Api.Address, "/sign-in?return=%2F").ToString(), answer.Header("Location"));
    }

    private async Task<JsonElement> DocumentAsync()
    {
        var answer = await Api.Anonymous.GetAsync("/openapi/v1.json");
        Assert.Equal(200, answer.Status);
        return answer.Json;
    }

    private static void Collect(JsonElement element, List<string> names)
    {
        if (element.ValueKind == JsonValueKind.Array)
        {
            foreach (var item in element.EnumerateArray()) Collect(item, names);
        }

        if (element.ValueKind != JsonValueKind.Object) return;
        foreach (var member in element.EnumerateObject())
        {
            if (member.NameEquals("properties")) names.AddRange(member.Value.Names());
            Collect(member.Value, names);
        }
    }

    [GeneratedRegex(":[a-z]+\\}", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Constraint();
}
