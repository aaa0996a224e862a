using System.Text.RegularExpressions;
namespace Dograh.Tests.Api.Http;

/// <summary>What every answer tells a browser, and that the reference lives with it.</summary>
public sealed partial class SecurityHeadersTests(ApiFixture fixture) : ApiTest(fixture)
{
    private const string NothingAllowed = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    [Fact]
    public async Task Every_route_has_them_whoever_asks()
    {
        var acme = await Api.NewOrganizationAsync();
        foreach (var route in Api.Routes)
        {
            // Without a body: most of them are 422, and whoever has no key gets 401.
            AssertSafe(await acme.SendAsync(HttpMethod.Parse(route.Method), route.WithSomeId()));
            AssertSafe(await Api.Anonymous.SendAsync(HttpMethod.Parse(route.Method), route.WithSomeId()));
        }
    }

    [Theory]
    [InlineData("GET", "workflows", 200)]
    [InlineData("POST", "workflows", 422)]
    [InlineData("GET", "workflows/1", 404)]
    [InlineData("GET", "nothing-here", 404)]
    [InlineData("PATCH", "workflows", 405)]
    [InlineData("GET", "/", 302)]
    [InlineData("GET", "/alive", 200)]
    [InlineData("GET", "/health", 200)]
    [InlineData("GET", "/openapi/v1.json", 200)]
    [InlineData("OPTIONS", "workflows", 405)]
    public async Task Whatever_the_answer_it_has_them(string method, string path, int status)
    {
        var acme = await Api.NewOrganizationAsync();

        var answer = await acme.SendAsync(HttpMethod.Parse(method), path);

        Assert.Equal(status, answer.Status);
        AssertSafe(answer);
    }

    [Fact]
    public async Task A_failure_of_our_own_has_them_too()
    {
        await using var api = await ApiHost.StartAsync(Database, "127.0.0.1:1", ("ConnectionStrings:dograhdb", "Host=127.0.0.1;Port=1;Username=u;Database=d;Timeout=1"));

        var answer = await api.Admin.GetAsync("organizations");

        Assert.Equal(503, answer.Status);
        AssertSafe(answer);
    }

    [Fact]
    public async Task Only_over_https_is_a_browser_told_to_stay_with_it()
    {
        Assert.Null((await Api.Anonymous.GetAsync("/alive")).Header("Strict-Transport-Security"));

        var context = new Microsoft.AspNetCore.Http.DefaultHttpContext();
        var response = new StartingResponse();
        context.Features.Set<Microsoft.AspNetCore.Http.Features.IHttpResponseFeature>(response);
        context.Request.Scheme = "https";
        await Dograh.Api.Http.SecurityHeaders.AddAsync(context, _ => Task.CompletedTask);
        await response.StartAsync();

        Assert.Equal("max-age=31536000", context.Response.Headers.StrictTransportSecurity);
    }

    [Fact]
    public async Task The_reference_runs_its_own_scripts_only_and_each_answer_has_another_nonce()
    {
        var first = await Api.Anonymous.GetAsync("/scalar/");
        var second = await Api.Anonymous.GetAsync("/scalar/");

        Assert.Equal(200, first.Status);
        var policy = first.Header("Content-Security-Policy")!;
        var nonce = Nonce().Match(policy).Groups["nonce"].Value;
        Assert.True(nonce.Length >= 16);
        Assert.Equal(
            $"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; "
            + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'", policy);
        Assert.All(Script().Matches(first.Body), script => Assert.Contains($"nonce=\"{nonce}\"", script.Value, StringComparison.Ordinal));
        Assert.NotEqual(nonce, Nonce().Match(second.Header("Content-Security-Policy")!).Groups["nonce"].Value);
        Assert.Equal("no-store", first.Header("Cache-Control"));
    }

    [Fact]
    public async Task In_a_browser_the_reference_shows_the_calls_breaks_no_rule_of_its_policy_and_asks_no_other_host()
    {
        var visit = await HeadlessBrowser.VisitAsync(new Uri(Api.Address, "/scalar/"), "/workflows");

        Assert.DoesNotContain("Content Security Policy", visit.Console, StringComparison.Ordinal);
        Assert.Contains(new Uri(Api.Address, "/openapi/v1.json").AbsoluteUri, visit.Requests);
        Assert.All(visit.Requests, url => Assert.Equal(Api.Address.Authority, new Uri(url).Authority));
    }

    private static void AssertSafe(ApiAnswer answer)
    {
        Assert.Equal(
            (answer.Request, "nosniff", "DENY", "no-referrer", "same-origin", "same-origin", NothingAllowed),
            (answer.Request, answer.Header("X-Content-Type-Options"), answer.Header("X-Frame-Options"), answer.Header("Referrer-Policy"), answer.Header("Cross-Origin-Opener-Policy"),
                answer.Header("Cross-Origin-Resource-Policy"), answer.Header("Content-Security-Policy")));
        Assert.Contains("no-store", answer.Header("Cache-Control"), StringComparison.Ordinal);
        Assert.Contains("camera=()", answer.Header("Permissions-Policy"), StringComparison.Ordinal);
        foreach (var name in (string[])["Server", "X-Powered-By", "X-AspNet-Version", "Access-Control-Allow-Origin"]) Assert.Null(answer.Header(name));
    }

    [GeneratedRegex("'nonce-(?<nonce>[^']+)'", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Nonce();

    [GeneratedRegex("<script[^>]*>", RegexOptions.None, 1000)]
    private static partial Regex Script();

    private sealed class StartingResponse : Microsoft.AspNetCore.Http.Features.HttpResponseFeature
    {
        private readonly List<(Func<object, Task> Callback, object State)> _starting = [];

        public override void OnStarting(Func<object, Task> callback, object state) => _starting.Add((callback, state));

        public async Task StartAsync()
        {
            foreach (var (callback, state) in _starting) await callback(state);
        }
    }
}
