using System.Text.RegularExpressions;
using Dograh.Standalone;
using Dograh.Tests.Api;
using Dograh.Tests.Api.Workflows;
using Dograh.Tests.Support;

namespace Dograh.Tests.Cli;

public sealed partial class ListenCommandTests(TestServers servers) : CliTest(servers)
{
    [Fact]
    public async Task It_fails_as_told_verifies_with_the_organizations_secrets_and_prints_what_arrives()
    {
        await using var listen = Cli.StartInTerminal("listen", "--port", "0", "--fail", "2", "--verify", "--count", "3");
        var workflow = await AddWorkflowAsync(
            ("endpoint_url", $"{await UrlAsync(listen)}hook?a=1"), ("payload_template", GivenWorkflows.Raw("""{"customer": "{{initial_context.name}}"}""")));
        var delivery = (await Acme.StoreRunAsync(workflow, """{"initial_context": {"name": "Ana"}}""")).Uuid("deliveries/0/delivery_id");
        await StartWorkerAsync();

        var shown = Terminal.Plain((await listen.EndAsync()).Is(0).Output);

        await ReachesAsync(delivery, "succeeded");
        Assert.All(
            (string[])["POST /hook?a=1 → 503, attempt 1 of this webhook", "→ 503, attempt 2", "→ 200, attempt 3", "signature valid", $"webhook-id: {delivery}", "\"customer\": \"Ana\"", "audit log"],
            part => Assert.Contains(part, shown, StringComparison.Ordinal));
        Assert.Equal(3, (await Acme.GetAsync($"deliveries/{delivery}")).Is(200).Number("attempt_count"));
    }

    [Fact]
    public async Task What_is_not_signed_with_the_secret_is_answered_401_and_told()
    {
        await using var listen = Cli.Start("listen", "--port", "0", "--secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "--count", "2", "--json");
        await AddDeliveryAsync(await AddWorkflowAsync(("endpoint_url", (await UrlAsync(listen)).AbsoluteUri), ("retry_config", GivenWorkflows.Raw("""{"max_attempts": 1}"""))));
        await StartWorkerAsync();
        await Eventually.TrueAsync(() => listen.Events.Count >= 2);
        using var http = new HttpClient();
        using var unsigned = await http.PostAsync(await UrlAsync(listen), new StringContent("by hand"), Token);

        (await listen.EndAsync()).Is(1);

        var requests = listen.Events.Skip(1).ToList();
        Assert.Equal([(401, "signature_wrong"), (401, "header_missing")], requests.Select(x => ((int)x.Number("status"), x.Text("signature"))));
        Assert.Equal(("POST", "by hand"), (requests[1].Text("method"), requests[1].Text("body")));
        Assert.Equal(401, (int)unsigned.StatusCode);
    }

    [Fact]
    public async Task It_answers_the_status_that_is_asked_for_after_a_while_and_takes_no_secret_that_is_none()
    {
        await using var listen = Cli.Start("listen", "--port", "0", "--status", "418", "--fail", "1", "--fail-status", "500", "--delay", "50ms");
        using var http = new HttpClient();
        var url = await UrlAsync(listen);

        Assert.Equal((500, 418, 418), (await PostAsync("a"), await PostAsync("a"), await PostAsync(null)));

        (await listen.InterruptAsync()).Is(130);
        Assert.Contains("whsec_", (await Cli.RunAsync("listen", "--secret", "hunter2")).Is(2).Error, StringComparison.Ordinal);
        (await Cli.RunAsync("listen", "--status", "20")).Is(2);
        (await NewProgram().RunAsync("listen", "--verify")).Is(3);

        async Task<int> PostAsync(string? id)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, url);
            if (id is not null) request.Headers.Add("webhook-id", id);
            using var response = await http.SendAsync(request, Token);
            return (int)response.StatusCode;
        }
    }

    [Fact]
    public async Task A_port_that_is_taken_is_told() =>
        Assert.Contains("--port 0", (await Cli.RunAsync("listen", "--port", $"{Api.Address.Port}")).Is(1).Error, StringComparison.Ordinal);

    [Fact]
    public async Task What_arrives_cannot_steer_the_terminal()
    {
        await using var listen = Cli.StartInTerminal("listen", "--port", $"{FreePort.Next()}", "--count", "1", "--headers");
        using var http = new HttpClient();

        using var response = await http.PostAsync(await UrlAsync(listen), new StringContent("\u001b]0;owned\u0007\u001b[2Jgone"), Token);

        var shown = (await listen.EndAsync()).Is(0).Output;
        Assert.Contains("gone", shown, StringComparison.Ordinal);
        Assert.DoesNotContain("\u001b]0", shown, StringComparison.Ordinal);
        Assert.DoesNotContain("\u001b[2J", shown, StringComparison.Ordinal);
    }

    [GeneratedRegex("(Listening on |\"url\":\")(?<url>http://[0-9.:]+/)[,;\"]", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Listening();

    private static async Task<Uri> UrlAsync(RunningCli listen)
    {
        Match address = Match.Empty;
        await Eventually.TrueAsync(() => (address = Listening().Match(listen.Output)).Success, described: "it listens");
        return new Uri(address.Groups["url"].Value);
    }
}
