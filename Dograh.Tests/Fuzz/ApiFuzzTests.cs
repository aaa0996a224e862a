using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using CsCheck;
using Dograh.Tests.Api;
using Dograh.Tests.Api.Workflows;
using static Dograh.Tests.Api.Workflows.GivenWorkflows;

namespace Dograh.Tests.Fuzz;

/// <summary>Whatever is sent to any route, the answer is the one that was asked for, or a problem that blames the request; and what was stored can be read.</summary>
public sealed class ApiFuzzTests(ApiFixture fixture) : ApiTest(fixture)
{
    private const string Definition =
        """
        {"nodes": [{"id": "start", "type": "other", "x": [1, {"y": "z"}]}, {"id": "hook", "type": "webhook", "data": {"name": "After", "enabled": true, "http_method": "POST", "endpoint_url": "https://receiver.example/{{gathered_context.x}}?q=1",
        "credential_uuid": null, "custom_headers": [{"key": "X-A", "value": "{{workflow_run_id}}"}, {"key": "X-Token", "value": "t"}], "payload_template": {"a": "{{gathered_context.x | fallback:none}}", "{{workflow_name}}": [1, 2.50, null, true, "b\\n"]},
        "retry_config": {"max_attempts": 5, "base_delay_seconds": 0.5, "max_delay_seconds": 600, "timeout_seconds": 30}}}], "edges": [{"source": "start", "target": "hook"}]}
        """;

    private const string Run =
        """
        {"name": "A call", "campaign_id": 7, "initial_context": {"caller": "+1", "list": [1, 2]}, "gathered_context": {"x": "y", "call_disposition": "done", "n": 1.50}, "usage_info": {"cost": 0.1}, "annotations": {"a": null}, "extra": {"b": {"c": "d"}},
        "recording_url": "https://files.example/1.wav", "transcript_url": "https://files.example/1.txt", "user_recording_url": null, "bot_recording_url": ""}
        """;

    // A sound body for each route that takes one; any other gets the last.
    private static readonly Dictionary<string, string> Bodies = new(StringComparer.Ordinal)
    {
        ["POST /api/v1/organizations"] = """{"name": "Acme"}""",
        ["PUT /api/v1/organizations/{id:long}/quotas"] = """{"deliveries_per_minute": 100000, "pending_deliveries": null, "payload_bytes": 1000000, "webhook_nodes": 0}""",
        ["POST /api/v1/api-keys"] = """{"name": "A key", "scopes": ["runs:write", "keys:read"], "expires_at": "2066-01-31T12:00:00Z"}""",
        ["POST /api/v1/credentials"] = """{"name": "A credential", "description": "It", "credential_type": "custom_header", "credential_data": {"header_name": "X-Key", "header_value": "v", "token": "t", "api_key": "k", "username": "u", "password": "p"}}""",
        ["PUT /api/v1/credentials/{uuid:guid}"] = """{"name": "Another", "description": null, "credential_type": "basic_auth", "credential_data": {"username": "u", "password": "p"}}""",
        ["POST /api/v1/credentials/{uuid:guid}/test"] = """{"url": "http://127.0.0.1:1/", "http_method": "PUT"}""",
        ["POST /api/v1/bins"] = """{"name": "A bin", "fail_times": 2, "fail_status": 503, "status": 200, "delay_ms": 0, "retry_after_seconds": 5}""",
        ["PUT /api/v1/bins/{id:guid}"] = """{"name": "Another", "fail_times": 0, "fail_status": 429, "status": 202, "delay_ms": 1, "retry_after_seconds": 0}""",
        ["POST /api/v1/workflows"] = """{"name": "After the call", "workflow_definition": """ + Definition + "}",
        ["PUT /api/v1/workflows/{id:long}"] = """{"name": "After the call", "workflow_definition": """ + Definition + "}",
        ["POST /api/v1/workflows/{id:long}/runs"] = Run,
        ["POST /api/v1/workflows/{id:long}/completed-runs"] = Run,
        ["POST /api/v1/workflows/{id:long}/completed-runs/batch"] = """{"runs": [""" + Run + """, {"idempotency_key": "k", "gathered_context": {}}, {}]}""",
        ["POST /api/v1/workflows/{id:long}/preview"] = Run,
        ["POST /api/v1/workflows/validate"] = """{"name": "After the call", "workflow_definition": """ + Definition + "}",
        ["POST /api/v1/workflows/preview"] = """{"workflow_name": "Another", "workflow_run_id": 1, "workflow_definition": """ + Definition + "}",
        ["POST /api/v1/workflows/test"] = """{"webhook_node_id": "hook", "gathered_context": {"x": "y"}, "workflow_definition": """ + Definition.Replace("https://receiver.example", "http://127.0.0.1:1", StringComparison.Ordinal) + "}",
        ["POST /api/v1/workflows/{id:long}/test"] = """{"webhook_node_id": "hook", "workflow_run_id": null, "workflow_definition": """ + Definition.Replace("https://receiver.example/{{gathered_context.x}}", "http://127.0.0.1:1/", StringComparison.Ordinal) + "}",
        ["POST /api/v1/workflow-runs/{id:long}/complete"] = Run,
        ["POST /api/v1/deliveries/replay"] = """{"status": "dead_letter", "workflow_run_id": 1, "workflow_id": 1, "webhook_node_id": "hook", "endpoint_host": "receiver.example", "created_after": "2026-01-31T12:00:00Z", "created_before": "2026-02-28T12:00:00Z", "status_code": "none", "error": "x", "cause": "timeout", "delivery_ids": ["00000000-0000-0000-0000-000000000001"], "limit": 10, "cursor": "MHwx"}""",
        ["POST /api/v1/deliveries/cancel"] = """{"status": "pending", "workflow_run_id": 1, "status_code": 500, "delivery_ids": [], "limit": 1}""",
        [""] = """{"name": "A thing", "id": 1, "url": "https://receiver.example/", "list": [{"key": "a", "value": "b"}], "enabled": true, "seconds": 5}""",
    };

    private static readonly string[] Parameters =
        ["limit", "cursor", "status", "workflow_run_id", "workflow_id", "webhook_node_id", "endpoint_host", "created_after", "created_before", "status_code", "error", "cause", "format", "action", "resource_id", "actor", "window",
        "api-version"];

    private static readonly Gen<string> Cursor = Gen.Select(Gen.OneOf(Gen.Long.Select(n => $"{n}"), Gen.OneOf("0", "3155378975999999999", "3155378976000000000"), Hostile.Text), Gen.OneOf(Gen.Long.Select(n => $"{n}"), Gen.Guid.Select(g => $"{g}"), Hostile.Text),
        (ticks, id) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes($"{ticks}|{id}")));

    private static readonly Gen<string> Query = Gen.Select(Gen.OneOf(Parameters), Gen.Frequency((3, Hostile.Text.Select(Uri.EscapeDataString)), (1, Cursor), (1, Gen.OneOf("%", "%f", "%ff", "%c0%80", "%ed%a0%80", "+", "&", "=", "[]", ";"))),
        (name, value) => $"{name}={value}")
        // A request line of more than 8 KiB is Kestrel's to refuse, which it does without a body.
        .Where(parameter => parameter.Length < 2000).Array[0, 3].Select(parts => string.Join('&', parts));

    // A NUL in the path is Kestrel's to refuse, too.
    private static readonly Gen<string> Id = Gen.OneOf("1", "0", "-1", "9223372036854775807", "9223372036854775808", "00000000-0000-0000-0000-000000000001", "%2e%2e", "1%2f2", "a", "%ff", "{id}");

    [Fact]
    public async Task Whatever_is_sent_is_answered_and_whatever_is_stored_can_be_read()
    {
        var acme = await Api.NewOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync(Webhook("hook", ("endpoint_url", "https://receiver.example/{{gathered_context.x}}"), ("payload_template", Raw("""{"a": "{{gathered_context.x}}", "{{gathered_context.y}}": "{{initial_context}}"}"""))));
        var run = await acme.StartRunAsync(workflow);
        var credential = (await acme.PostAsync("credentials", """{"name": "x", "credential_type": "none"}""")).Is(201).Text("uuid");
        var bin = (await acme.PostAsync("bins", """{"name": "x"}""")).Is(201).Text("id");
        var delivery = (await acme.StoreRunAsync(workflow, """{"gathered_context": {"x": "y"}}""")).Text("deliveries/0/delivery_id");
        var real = new Dictionary<string, string>(StringComparer.Ordinal) { ["workflows"] = $"{workflow}", ["workflow-runs"] = $"{run}", ["credentials"] = credential, ["deliveries"] = delivery, ["bins"] = bin };
        var routes = Api.Routes;

        var cases =
            from route in Gen.OneOf([.. routes])
            from path in Gen.Frequency((8, Gen.Const(route.HasId && real.TryGetValue(route.Kind, out var id) ? id : "1")), (1, Id)).Select(route.With)
            from query in Query
            from body in Gen.Frequency((9, Hostile.Bytes(Hostile.Mutated(Bodies.GetValueOrDefault($"{route}", Bodies[""])))), (1, Hostile.Bytes(Hostile.Text)))
            from type in Gen.Frequency((12, Gen.Const("application/json")), (1, Gen.OneOf("text/plain", "application/json; charset=utf-16", "application/json;charset=x", "multipart/form-data", "a")))
            from key in Gen.Frequency((6, Gen.Const("")), (1, Hostile.Text), (1, Gen.Char.AlphaNumeric.Array[1, 300].Select(letters => new string(letters))))
            select (route, path, query, body, type, key);

        await cases.FuzzAsync(20, async it =>
        {
            var caller = it.route.Policies.Contains("admin", StringComparer.OrdinalIgnoreCase) ? Api.Admin : acme;
            using var content = new ByteArrayContent(it.body);
            content.Headers.TryAddWithoutValidation("Content-Type", it.type);
            var hasBody = it.route.Method is "POST" or "PUT" or "PATCH";
            var isHeader = it.key.Length > 0 && Ascii.IsValid(it.key) && !it.key.Any(char.IsControl);

            var answer = await caller.SendAsync(
                HttpMethod.Parse(it.route.Method), it.query.Length > 0 ? $"{it.path}?{it.query}" : it.path, hasBody ? content : null, isHeader ? [("Idempotency-Key", it.key)] : []);

            Assert.InRange(answer.Status, 200, 499);
            if (answer.Status >= 400)
            {
                answer.IsProblem(answer.Status);
                return;
            }

            // A file, not an answer to read.
            if (answer.Header("Content-Disposition") is not null) return;

            var json = answer.Is(answer.Status);
            if (json.ValueKind == JsonValueKind.Object && Stored(it.route, json) is { } stored) (await acme.GetAsync(stored)).Is(200);
        }, it => $"{it.route.Method} {it.path}?{it.query} ({it.type}; key '{it.key}')\n{Encoding.UTF8.GetString(it.body)}");

        foreach (var list in (string[])["workflows", "credentials", "api-keys", "bins", "deliveries?limit=200"]) (await acme.GetAsync(list)).Is(200);
    }

    // Where what a request has made can be read; what a route that this does not know has made is read by the lists at the end.
    private static string? Stored(ApiRoute route, JsonElement answer) => $"{route}" switch
    {
        "POST /api/v1/workflows" or "PUT /api/v1/workflows/{id:long}" => $"workflows/{answer.Number("id")}",
        "POST /api/v1/bins" => $"bins/{answer.Text("id")}",
        "POST /api/v1/credentials" => $"credentials/{answer.Text("uuid")}",
        "POST /api/v1/workflows/{id:long}/runs" or "POST /api/v1/workflows/{id:long}/completed-runs" => $"workflow-runs/{answer.Number("id")}",
        _ => null,
    };
}
