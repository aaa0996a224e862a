using System.Text.RegularExpressions;
using Dograh.Standalone;
using Dograh.Tests.Scenarios;
using Dograh.Tests.Support;

namespace Dograh.Tests.Telemetry;

/// <summary>What a collector gets of a delivery's way through both services (<c>docs/telemetry.md</c>).</summary>
[Collection<ObservedStackUsers>]
public sealed partial class TelemetryTests(ObservedStack observed)
{
    private const string Api = "API";
    private const string Worker = "worker 1";
    private const string DeliveryId = "dograh.delivery.id";
    private const string OrganizationId = "dograh.organization.id";
    private const string RunId = "dograh.workflow_run.id";
    private const string Attempt = "dograh.attempt";

    [Fact]
    public async Task One_trace_leads_from_the_request_that_completed_the_run_through_every_attempt_into_the_receiver()
    {
        using var acme = await observed.Stack.AddOrganizationAsync();
        await using var receiver = await Receiver.StartAsync();
        receiver.Answers(503, 503, 200);

        var delivery = await acme.CompleteAsync(await acme.AddWorkflowAsync(receiver.Url));

        var traceId = (await acme.ReachesAsync("succeeded", delivery)).GetProperty("trace_id").GetString()!;
        var server = await AssertTraceAsync(traceId, delivery, receiver);
        Assert.Equal("", server.ParentId);
    }

    [Fact]
    public async Task A_trace_that_the_client_has_begun_is_carried_on()
    {
        const string TraceId = "4bf92f3577b34da6a3ce929d0e0e4736";
        const string ClientSpanId = "00f067aa0ba902b7";
        using var acme = await observed.Stack.AddOrganizationAsync();
        await using var receiver = await Receiver.StartAsync();
        receiver.Answers(500, 429, 204);
        var workflow = await acme.AddWorkflowAsync(receiver.Url);
        var run = (await acme.PostAsync($"workflows/{workflow}/runs", new { })).GetProperty("id").GetInt64();

        var outcome = await acme.PostAsync($"workflow-runs/{run}/complete", new { }, $"00-{TraceId}-{ClientSpanId}-01");

        var delivery = StackCaller.DeliveryOf(outcome);
        Assert.Equal(TraceId, (await acme.ReachesAsync("succeeded", delivery)).GetProperty("trace_id").GetString());
        var server = await AssertTraceAsync(TraceId, delivery, receiver);
        Assert.Equal(ClientSpanId, server.ParentId);
    }

    [Fact]
    public async Task Every_log_record_of_an_attempt_carries_its_ids_and_its_trace()
    {
        using var acme = await observed.Stack.AddOrganizationAsync();
        await using var receiver = await Receiver.StartAsync();
        receiver.Answers(503, 200);

        var delivery = await acme.CompleteAsync(await acme.AddWorkflowAsync(receiver.Url));

        var traceId = (await acme.ReachesAsync("succeeded", delivery)).GetProperty("trace_id").GetString()!;
        List<OtlpSpan> attempts = [];
        await Eventually.TrueAsync(() => Attempted(delivery).Count == 2
            && (attempts = [.. observed.Otlp.Spans.Where(span => span.Name == "deliver_webhook" && span.TraceId == traceId)]).Count == 2);
        var ids = await IdsAsync(delivery);
        Assert.Equal(["1", "2"], Attempted(delivery).Select(record => record.Attributes[Attempt]));
        Assert.Equal(attempts.Select(span => span.SpanId), Attempted(delivery).Select(record => record.SpanId));
        Assert.All(observed.Otlp.Logs.Where(record => record.Service == Worker && record.TraceId == traceId), record =>
        {
            AssertIds(ids, record.Attributes);
            Assert.Contains(Attempt, record.Attributes);
        });
        Assert.All(observed.Otlp.Logs.Where(record => Has(record.Attributes, DeliveryId, delivery)), record => Assert.Equal(traceId, record.TraceId));
    }

    [Fact]
    public async Task What_is_logged_of_a_delivery_as_it_is_made_carries_its_ids_and_its_trace_too()
    {
        using var acme = await observed.Stack.AddOrganizationAsync();
        await using var receiver = await Receiver.StartAsync();
        var header = $"X-Token-{Guid.NewGuid():N}";
        var workflow = await acme.AddWorkflowAsync(receiver.Url, ("custom_headers", new[] { new { key = header, value = "dropped" } }));

        var delivery = await acme.CompleteAsync(workflow);

        var traceId = (await acme.ReachesAsync("succeeded", delivery)).GetProperty("trace_id").GetString()!;
        List<OtlpLogRecord> warnings = [];
        await Eventually.TrueAsync(() => (warnings = [.. observed.Otlp.Logs.Where(record => record.Body.Contains(header, StringComparison.Ordinal) && record.Severity == "Warning")]).Count > 0);
        var ids = await IdsAsync(delivery);
        Assert.All(warnings, record =>
        {
            Assert.Equal((Api, traceId), (record.Service, record.TraceId));
            AssertIds(ids, record.Attributes);
        });
    }

    [Fact]
    public async Task Every_documented_metric_arrives_with_its_unit_and_its_tags()
    {
        using var acme = await observed.Stack.AddOrganizationAsync();
        await using var receiver = await Receiver.StartAsync();
        var gate = new TaskCompletionSource();
        receiver.Answers(request => request.Path switch
        {
            "/retried" => Reply.Status(request.Header("X-Dograh-Delivery-Attempt") == "1" ? 503 : 200),
            "/refused" => Reply.Status(404),
            "/held" => Reply.Status(503).After(gate.Task),
            "/throttled" => Reply.Status(429).With("Retry-After", "60"),
            _ => Reply.Ok,
        });

        // Created, retried, succeeded; dead-lettered; and one whose claim is taken from its worker.
        await acme.ReachesAsync("succeeded", await acme.CompleteAsync(await acme.AddWorkflowAsync(receiver.At("/retried"))));
        await acme.ReachesAsync("dead_letter", await acme.CompleteAsync(await acme.AddWorkflowAsync(receiver.At("/refused"))));
        var lost = await acme.CompleteAsync(await acme.AddWorkflowAsync(receiver.At("/held")));
        await Eventually.TrueAsync(() => receiver.UnderWay == 1);
        await observed.Database.ExecuteAsync("UPDATE webhook_deliveries SET claim_count = claim_count + 1 WHERE delivery_uuid = $1", lost);
        gate.SetResult();
        // Never put into the queue: the sweep finds it. Its receiver asks to be left alone, and so the next one is deferred.
        await observed.Database.AddAsync(Given.ADelivery().To(receiver.At("/throttled")));
        await Eventually.TrueAsync(() => receiver.Requests.Any(request => request.Path == "/throttled"));
        await acme.CompleteAsync(await acme.AddWorkflowAsync(receiver.At("/throttled")));

        // A token endpoint that gives no token.
        var credential = await acme.PostAsync("credentials", new
        {
            name = "x", credential_type = "oauth2_client_credentials", credential_data = new { token_url = receiver.At("/token").OriginalString, client_id = "c", client_secret = "s" },
        });
        await acme.PostAsync($"credentials/{credential.GetProperty("uuid").GetString()}/test", new { url = receiver.Url.OriginalString });

        // A receiver that fails until it is left alone.
        await using var failing = await Receiver.StartAsync();
        failing.Answers(500);
        var workflow = await acme.AddWorkflowAsync(failing.At("/failing"));
        for (var n = 0; n < 8; n++) await acme.CompleteAsync(workflow);

        var documented = DocumentedMetrics();
        Assert.Equal(14, documented.Count);
        await Eventually.TrueAsync(() => documented.All(metric => Ours().Any(ours => ours.Name == metric.Name)), described: "every metric has arrived");
        Assert.Equal(
            documented.Select(metric => (metric.Name, metric.Unit, metric.Kind)).Order(),
            Ours().Select(metric => (metric.Name, metric.Unit, metric.Kind)).Distinct().Order());
        Assert.Equal(
            documented.Where(metric => metric.Tags.Count > 0).Select(metric => $"{metric.Name}: {string.Join(", ", metric.Tags)}").Order(),
            Ours().GroupBy(metric => metric.Name).Select(group => (group.Key, Tags: group.SelectMany(metric => metric.Tags).Distinct().Order().ToList()))
                .Where(metric => metric.Tags.Count > 0).Select(metric => $"{metric.Key}: {string.Join(", ", metric.Tags)}").Order());
    }

    // Asserts the whole shape, and returns the server span.
    private async Task<OtlpSpan> AssertTraceAsync(string traceId, Guid delivery, Receiver receiver)
    {
        List<OtlpSpan> spans = [];
        await Eventually.TrueAsync(
            () => (spans = [.. observed.Otlp.Spans.Where(span => span.TraceId == traceId)]).Count(IsRequestToReceiver) == 3
                && spans.Count(span => span.Name == "deliver_webhook") == 3
                && spans.Exists(span => span.Kind == SpanKind.Server),
            described: "the spans of three attempts and of the request have arrived");
        var ids = await IdsAsync(delivery);

        var server = Assert.Single(spans, span => span.Kind == SpanKind.Server);
        Assert.Equal(Api, server.Service);
        var completion = Assert.Single(spans, span => span.Name == "complete_run");
        Assert.Equal((Api, SpanKind.Internal, server.SpanId), (completion.Service, completion.Kind, completion.ParentId));
        var scheduling = Assert.Single(spans, span => span.Name == "schedule");
        Assert.Equal((Api, SpanKind.Producer, completion.SpanId), (scheduling.Service, scheduling.Kind, scheduling.ParentId));
        var attempts = spans.Where(span => span.Name == "deliver_webhook").OrderBy(span => span.Attributes[Attempt], StringComparer.Ordinal).ToList();
        Assert.All(attempts, span => Assert.Equal((Worker, SpanKind.Consumer, completion.SpanId), (span.Service, span.Kind, span.ParentId)));
        Assert.Equal(["1", "2", "3"], attempts.Select(span => span.Attributes[Attempt]));
        Assert.Equal([true, true, false], attempts.Select(span => span.IsError));

        var requests = attempts.ConvertAll(attempt => Assert.Single(spans, span => IsRequestToReceiver(span) && span.ParentId == attempt.SpanId));
        Assert.Equal(["1", "2", "3"], requests.Select(span => span.Attributes[Attempt]));
        Assert.Equal(receiver.Requests.Select(request => request.Header("traceparent")), requests.Select(span => $"00-{traceId}-{span.SpanId}-01"));
        Assert.All([server, completion, scheduling, .. attempts, .. requests], span => AssertIds(ids, span.Attributes));
        return server;
    }

    private static bool IsRequestToReceiver(OtlpSpan span) => span is { Service: Worker, Kind: SpanKind.Client };

    private async Task<IReadOnlyDictionary<string, string>> IdsAsync(Guid delivery) => new Dictionary<string, string>
    {
        [DeliveryId] = delivery.ToString(),
        [OrganizationId] = await ColumnAsync("organization_id", delivery),
        [RunId] = await ColumnAsync("workflow_run_id", delivery),
    };

    private async Task<string> ColumnAsync(string name, Guid delivery) =>
        (await observed.Database.ScalarAsync<long>($"SELECT {name} FROM webhook_deliveries WHERE delivery_uuid = $1", delivery)).ToString();

    private static void AssertIds(IReadOnlyDictionary<string, string> ids, IReadOnlyDictionary<string, string> attributes) =>
        Assert.Equal(ids, ids.Keys.ToDictionary(name => name, name => attributes.GetValueOrDefault(name, "none")));

    private List<OtlpLogRecord> Attempted(Guid delivery) =>
        [.. observed.Otlp.Logs.Where(record => record.Body.StartsWith("delivery.attempted", StringComparison.Ordinal) && Has(record.Attributes, DeliveryId, delivery))];

    private static bool Has(IReadOnlyDictionary<string, string> attributes, string name, Guid value) => attributes.GetValueOrDefault(name) == value.ToString();

    private IEnumerable<OtlpMetric> Ours() => observed.Otlp.Metrics.Where(metric => metric.Meter == "Dograh.Webhooks");

    private static List<OtlpMetric> DocumentedMetrics() =>
    [
        .. MetricRow().Matches(File.ReadAllText(Path.Combine(StackLayout.Repository!, "docs", "telemetry.md"))).Select(row => new OtlpMetric(
            "", "", row.Groups["name"].Value, row.Groups["unit"].Value, row.Groups["kind"].Value,
            [.. TagName().Matches(row.Groups["tags"].Value).Select(tag => tag.Groups["tag"].Value).Order()])),
    ];

    [GeneratedRegex(@"^\| `(?<name>dograh\.[a-z_.]+)` \| (?<kind>\w+) \| (?<unit>\S+) \| (?<tags>[^|]*)\|", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex MetricRow();

    [GeneratedRegex("`(?<tag>[^`]+)`", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex TagName();
}
