using System.Text.Json.Nodes;
using Dograh.Tests.Support;
using static Dograh.Tests.Api.Workflows.GivenWorkflows;

namespace Dograh.Tests.Api.Workflows;

/// <summary>What saving a workflow refuses, each by its JSON pointer.</summary>
public sealed class DefinitionFaultsTests(ApiFixture fixture, DefinitionFaultsTests.PublicOnly publicOnly, TestServers servers)
    : ApiTest(fixture), IClassFixture<DefinitionFaultsTests.PublicOnly>
{
    private const string Node = "/workflow_definition/nodes/0";
    private const string Data = Node + "/data";

    [Theory]
    [InlineData("""{"type": "webhook"}""", Node + "/id", Data)]
    [InlineData("""{"type": "webhook", "id": "", "data": {}}""", Node + "/id", Data + "/name", Data + "/endpoint_url")]
    [InlineData("""{"type": "webhook", "id": 5, "data": {"name": 5, "endpoint_url": 5}}""", Node + "/id", Data + "/name", Data + "/endpoint_url")]
    [InlineData("""{"type": "webhook", "id": "  ", "data": {"name": " ", "endpoint_url": " "}}""", Node + "/id", Data + "/name", Data + "/endpoint_url")]
    [InlineData("""{"type": "webhook", "id": null, "data": null}""", Node + "/id", Data)]
    [InlineData("""{"type": "webhook", "id": "a", "data": []}""", Data)]
    public async Task A_webhook_node_has_an_id_a_name_and_a_url(string node, params string[] pointers)
    {
        var acme = await Api.NewOrganizationAsync();

        (await acme.PostAsync("workflows", Workflow(Raw(node)))).Blames(pointers);
    }

    [Fact]
    public async Task Ids_of_webhook_nodes_are_unique()
    {
        var acme = await Api.NewOrganizationAsync();
        var other = new JsonObject { ["id"] = "a", ["type"] = "other" };

        (await acme.PostAsync("workflows", Workflow(Webhook("a"), other, Webhook("b"), Webhook("a"), Webhook("A"), Webhook("b")))).Blames(
            "/workflow_definition/nodes/3/id", "/workflow_definition/nodes/5/id");
    }

    [Theory]
    [InlineData("enabled", "\"true\"")]
    [InlineData("enabled", "1")]
    [InlineData("http_method", "\"HEAD\"")]
    [InlineData("http_method", "\"POST \"")]
    [InlineData("http_method", "\"\"")]
    [InlineData("http_method", "5")]
    [InlineData("credential_uuid", "\"not a uuid\"")]
    [InlineData("credential_uuid", "5")]
    [InlineData("credential_uuid", "\"\"")]
    [InlineData("credential_uuid", "\"018f0000-0000-7000-8000-000000000000\"")]
    [InlineData("custom_headers", "{}")]
    [InlineData("custom_headers", "\"X-A: v\"")]
    [InlineData("retry_config", "[]")]
    [InlineData("retry_config", "5")]
    public async Task A_field_of_the_wrong_kind_is_named(string field, string value)
    {
        var acme = await Api.NewOrganizationAsync();

        (await acme.PostAsync("workflows", Workflow(Webhook("hook", (field, Raw(value)))))).Blames($"{Data}/{field}");
    }

    [Theory]
    [InlineData("POST")]
    [InlineData("GET")]
    [InlineData("PUT")]
    [InlineData("PATCH")]
    [InlineData("DELETE")]
    [InlineData("delete")]
    public async Task Five_methods_are_taken(string method)
    {
        var acme = await Api.NewOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync(Webhook("hook", ("http_method", method)));

        var delivery = (await acme.StoreRunAsync(workflow)).Text("deliveries/0/delivery_id");

        Assert.Equal(method.ToUpperInvariant(), (await acme.GetAsync($"deliveries/{delivery}")).Is(200).Text("http_method"));
    }

    [Theory]
    [InlineData("receiver.example")]
    [InlineData("/hook")]
    [InlineData("//receiver.example/hook")]
    [InlineData("ftp://receiver.example/hook")]
    [InlineData("file:///etc/passwd")]
    [InlineData("javascript:alert(1)")]
    [InlineData("http:receiver.example")]
    [InlineData("http://")]
    [InlineData("http:///hook")]
    [InlineData("http://:80/hook")]
    [InlineData("http://receiver.example:99999/")]
    [InlineData("http://receiver.example:port/")]
    [InlineData("http://user:password@receiver.example/")]
    [InlineData("http://user@receiver.example/")]
    [InlineData("http://receiver.example\\@other.example/")]
    [InlineData("http://receiver.example/\r\nHost: other")]
    [InlineData(" http://receiver.example/")]
    [InlineData("http://exa mple/")]
    [InlineData("http://{{a")]
    [InlineData("http://receiver.example/{{a}}}}")]
    [InlineData("{{scheme}}://receiver.example/")]
    [InlineData("{{url}}")]
    [InlineData("http://{{user}}@receiver.example/")]
    public async Task A_url_is_an_absolute_http_url_without_user_information(string url)
    {
        var acme = await Api.NewOrganizationAsync();

        (await acme.PostAsync("workflows", Workflow(Webhook("hook", ("endpoint_url", url))))).Blames($"{Data}/endpoint_url");
    }

    [Theory]
    [InlineData("https://receiver.example")]
    [InlineData("HTTPS://Receiver.Example:8443/a?b=c#d")]
    [InlineData("http://receiver.example/{{gathered_context.path}}?q={{gathered_context.q | fallback: x}}")]
    [InlineData("https://{{gathered_context.tenant}}.receiver.example/")]
    [InlineData("https://bücher.example/ü?ü=ü")]
    [InlineData("https://localhost/")]
    [InlineData("https://93.184.215.14/")]
    [InlineData("https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/")]
    public async Task A_url_may_hold_placeholders_and_name_a_public_address(string url)
    {
        var acme = await publicOnly.Api.NewOrganizationAsync();

        await acme.AddWorkflowAsync(Webhook("hook", ("endpoint_url", url)));
    }

    [Fact]
    public async Task A_literal_address_that_egress_does_not_allow_is_refused_however_it_is_written()
    {
        var acme = await publicOnly.Api.NewOrganizationAsync();
        var hosts = (string[])
        [
            "127.0.0.1", "127.0.0.1:8080", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001", "0", "0.0.0.0",
            "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.0.1", "169.254.169.254", "2852039166", "0xa9fea9fe", "100.64.0.1", "192.0.2.1",
            "198.18.0.1", "198.51.100.7", "203.0.113.9", "224.0.0.1", "240.0.0.1", "255.255.255.255", "127.0.0.1.", "127。0。0。1",
            "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]",
            "[2001::1]", "[2001:db8::1]", "[fe80::1]", "[fe80::1%25eth0]", "[fc00::1]", "[fd12:3456::1]", "[ff02::1]", "[fec0::1]",
        ];
        foreach (var host in hosts)
        {
            (await acme.PostAsync("workflows", Workflow(Webhook("hook", ("endpoint_url", $"http://{host}/"))))).Blames($"{Data}/endpoint_url");
        }
    }

    [Fact]
    public async Task An_address_in_a_network_that_egress_allows_is_taken_and_no_other()
    {
        await using var api = await ApiHost.StartAsync(servers, ("Egress:AllowedNetworks", "10.1.0.0/16, fd00::/8"));
        var acme = await api.NewOrganizationAsync();

        await acme.AddWorkflowAsync(Webhook("a", ("endpoint_url", "http://10.1.2.3/")), Webhook("b", ("endpoint_url", "http://[fd00::1]/")));

        (await acme.PostAsync("workflows", Workflow(Webhook("a", ("endpoint_url", "http://10.2.0.1/")), Webhook("b", ("endpoint_url", "http://127.0.0.1/"))))).Blames(
            "/workflow_definition/nodes/0/data/endpoint_url", "/workflow_definition/nodes/1/data/endpoint_url");
    }

    // Found by fuzzing: .NET takes such URLs and throws when asked for the host's name, which was a 500.
    [Theory]
    [InlineData("http://xn--a\u0085/")]
    [InlineData("http://xn--é/")]
    [InlineData("http://\u202e:443/")]
    public async Task A_URL_whose_host_is_no_name_is_refused(string url)
    {
        await using var api = await ApiHost.StartAsync(servers);

        (await (await api.NewOrganizationAsync()).PostAsync("workflows", Workflow(Webhook("a", ("endpoint_url", url))))).Blames("/workflow_definition/nodes/0/data/endpoint_url");
    }

    [Fact]
    public async Task Where_ports_are_limited_another_one_is_refused()
    {
        await using var api = await ApiHost.StartAsync(servers, ("Egress:AllowedPorts", "443, 8443"));
        var acme = await api.NewOrganizationAsync();

        await acme.AddWorkflowAsync(Webhook("a", ("endpoint_url", "https://receiver.example/")), Webhook("b", ("endpoint_url", "http://receiver.example:8443/{{gathered_context.x}}")));

        (await acme.PostAsync("workflows", Workflow(Webhook("a", ("endpoint_url", "http://receiver.example/")), Webhook("b", ("endpoint_url", "https://receiver.example:22/"))))).Blames(
            "/workflow_definition/nodes/0/data/endpoint_url", "/workflow_definition/nodes/1/data/endpoint_url");
        // A port that only a run knows is looked at then.
        var workflow = await acme.AddWorkflowAsync(Webhook("a", ("endpoint_url", "https://receiver.example:{{gathered_context.port}}/")));
        var outcome = await acme.StoreRunAsync(workflow, """{"gathered_context": {"port": 22}}""");
        Assert.Equal("invalid", outcome.Text("deliveries/0/outcome"));
        Assert.Equal("egress to port 22 is not allowed: it is not in Egress:AllowedPorts", outcome.Text("deliveries/0/reason"));
    }

    [Fact]
    public async Task Where_plain_http_is_not_allowed_it_is_refused()
    {
        await using var api = await ApiHost.StartAsync(servers, ("Egress:AllowHttp", false));
        var acme = await api.NewOrganizationAsync();
        foreach (var url in (string[])["http://receiver.example/", "HTTP://receiver.example/", "http://{{gathered_context.tenant}}.example/"])
        {
            (await acme.PostAsync("workflows", Workflow(Webhook("hook", ("endpoint_url", url))))).Blames($"{Data}/endpoint_url");
            await acme.AddWorkflowAsync(Webhook("hook", ("endpoint_url", "https" + url[4..])));
        }
    }

    [Theory]
    [InlineData("""[{"key": "X A", "value": "v"}]""", "0/key")]
    [InlineData("""[{"key": "X-A", "value": "v"}, {"key": "X:B", "value": "v"}]""", "1/key")]
    [InlineData("""[{"key": "X-Ä", "value": "v"}]""", "0/key")]
    [InlineData("""[{"key": "X-A\r\nX-B", "value": "v"}]""", "0/key")]
    [InlineData("""[{"key": "{{x}}", "value": "v"}]""", "0/key")]
    [InlineData("""[{"key": 5, "value": 5}]""", "0/key", "0/value")]
    [InlineData("""[{"key": "X-A", "value": {}}]""", "0/value")]
    [InlineData("""[{"key": "X-A", "value": "a\r\nX-B: b"}]""", "0/value")]
    [InlineData("""[{"key": "X-A", "value": "a\u0000"}]""", "0/value")]
    [InlineData("""["X-A", {"key": "X-B", "value": "v"}, null]""", "0", "2")]
    public async Task A_custom_header_has_a_legal_name_and_value(string headers, params string[] pointers)
    {
        var acme = await Api.NewOrganizationAsync();

        (await acme.PostAsync("workflows", Workflow(Webhook("hook", ("custom_headers", Raw(headers)))))).Blames(
            [.. pointers.Select(pointer => $"{Data}/custom_headers/{pointer}")]);
    }

    [Theory]
    [InlineData("max_attempts", "0")]
    [InlineData("max_attempts", "21")]
    [InlineData("max_attempts", "1.5")]
    [InlineData("max_attempts", "\"3\"")]
    [InlineData("max_attempts", "1e400")]
    [InlineData("base_delay_seconds", "-1")]
    [InlineData("base_delay_seconds", "86400.001")]
    [InlineData("base_delay_seconds", "true")]
    [InlineData("max_delay_seconds", "-0.001")]
    [InlineData("max_delay_seconds", "86401")]
    [InlineData("timeout_seconds", "0")]
    [InlineData("timeout_seconds", "0.999")]
    [InlineData("timeout_seconds", "60.001")]
    [InlineData("timeout_seconds", "-1e400")]
    public async Task A_retry_config_keeps_to_its_limits(string field, string value)
    {
        var acme = await Api.NewOrganizationAsync();

        (await acme.PostAsync("workflows", Workflow(Webhook("hook", ("retry_config", Raw($"{{\"{field}\": {value}}}")))))).Blames($"{Data}/retry_config/{field}");
    }

    [Fact]
    public async Task Every_fault_of_every_node_is_named_at_once()
    {
        var acme = await Api.NewOrganizationAsync();

        (await acme.PostAsync("workflows", Named("", Webhook("", ("endpoint_url", "x")), new JsonObject(), Webhook("b", ("http_method", "x"), ("retry_config", Raw("""{"max_attempts": 0}""")))))).Blames(
            "name", "/workflow_definition/nodes/0/id", "/workflow_definition/nodes/0/data/endpoint_url", "/workflow_definition/nodes/2/data/http_method",
            "/workflow_definition/nodes/2/data/retry_config/max_attempts");
    }

    [Theory]
    [InlineData("""{"nodes": 5}""", "/workflow_definition/nodes")]
    [InlineData("""{"nodes": [], "edges": 5}""", "/workflow_definition/edges")]
    [InlineData("""{"edges": []}""", "/workflow_definition/nodes")]
    [InlineData("[]", "/workflow_definition")]
    [InlineData("null", "/workflow_definition")]
    public async Task A_definition_has_nodes_and_edges(string definition, string pointer)
    {
        var acme = await Api.NewOrganizationAsync();

        (await acme.PostAsync("workflows", $$"""{"name": "x", "workflow_definition": {{definition}} }""")).Blames(pointer);
    }

    /// <summary>An API that may send to public addresses only, as it does unless it is told otherwise.</summary>
    public sealed class PublicOnly(TestServers servers) : ApiFixtureBase(servers, ("Egress:AllowedNetworks", null));

    // Texts that do not compress, for what a database's index takes depends on it.
    [Fact]
    public async Task An_id_is_refused_or_can_be_delivered_but_never_stops_a_run()
    {
        var acme = await Api.NewOrganizationAsync();
        foreach (var length in (int[])[100, 255, 256, 600, 900, 1000])
        {
            var id = string.Concat(Enumerable.Range(0, length).Select(i => (char)('一' + (int)((uint)(i * 2654435761) >> 16) % 20000)));
            var saved = await acme.PostAsync("workflows", Workflow(Webhook(id, ("name", "n")), Webhook("other")));
            if (saved.Status == 422) saved.Blames($"{Node}/id");
            else Assert.Equal(["created", "created"], (await acme.StoreRunAsync(saved.Is(201).Number("id"))).Texts("deliveries", "outcome"));
            Assert.True(length > 100 || saved.Status == 201);
        }
    }

    [Fact]
    public async Task A_host_is_refused_or_can_be_delivered_but_never_stops_a_run()
    {
        var acme = await Api.NewOrganizationAsync();
        foreach (var labels in (int[])[1, 4, 5, 80, 130])
        {
            var host = string.Join('.', Enumerable.Range(0, labels).Select(i => Guid.NewGuid().ToString("N") + Guid.NewGuid().ToString("N")[..18]));
            var saved = await acme.PostAsync("workflows", Workflow(Webhook("hook", ("endpoint_url", $"https://{host}/")), Webhook("other")));
            if (saved.Status == 422) saved.Blames($"{Data}/endpoint_url");
            else Assert.Contains("created", (await acme.StoreRunAsync(saved.Is(201).Number("id"))).Texts("deliveries", "outcome"));

            var workflow = await acme.AddWorkflowAsync(Webhook("hook", ("endpoint_url", "https://{{gathered_context.host}}/")), Webhook("other"));
            var outcome = await acme.StoreRunAsync(workflow, $$"""{"gathered_context": {"host": "{{host}}"} }""");
            Assert.Contains("created", outcome.Texts("deliveries", "outcome"));
        }
    }
}
