using System.Text.Json;
using BenchmarkDotNet.Attributes;
using Dograh.Bench.Stack;
using Dograh.Webhooks.Credentials;
using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Rendering;
using Dograh.Webhooks.Runs;
using Dograh.Webhooks.Sending;
using Dograh.Webhooks.Signing;
using Microsoft.Extensions.Options;

namespace Dograh.Bench.Micro;

/// <summary>What runs in memory for every delivery. Public and open, as BenchmarkDotNet derives from it.</summary>
[MemoryDiagnoser]
public class MicroBenchmarks
{
    private static readonly DateTimeOffset Instant = new(2026, 1, 5, 10, 11, 12, TimeSpan.Zero);

    private readonly JsonElement _template = JsonElement.Parse(SampleRun.Workflow("https://receiver.example/hook"))
        .GetProperty("workflow_definition").GetProperty("nodes")[0].GetProperty("data").GetProperty("payload_template");

    private readonly EgressGuard _guard = new(Options.Create(new EgressOptions()));
    private readonly CredentialHeader _credential = new("Authorization", "Bearer let-me-in");
    private readonly AttemptResult.Attempted _succeeded = new() { StatusCode = 200, StartedAt = Instant, Duration = TimeSpan.FromMilliseconds(1) };
    private readonly AttemptResult.Attempted _refused = new() { StatusCode = 500, StartedAt = Instant, Duration = TimeSpan.FromMilliseconds(1) };
    private readonly SigningKeys _secret = SigningKeys.Open((SigningAlgorithm.V1, SigningSecretText.CreateSecret()));
    private readonly SigningKeys _pair = SigningKeys.Open((SigningAlgorithm.V1a, SigningSecretText.Write(SigningSecretText.PrivateKeyPrefix, new byte[32])));
    private readonly byte[] _body = new byte[2048];
    private readonly RunFields _run;
    private readonly Completion _completion;
    private readonly RenderContext _context;
    private readonly ClaimedDelivery _delivery;

    public MicroBenchmarks()
    {
        var run = JsonElement.Parse(SampleRun.Run().Replace("@SENT_AT@", "0", StringComparison.Ordinal));
        _run = new RunFields(run.GetProperty("name").GetString(), CampaignId: default, run.GetProperty("initial_context"));
        _completion = new Completion(
            run.GetProperty("gathered_context"), run.GetProperty("usage_info"), Annotations: default, Extra: default,
            run.GetProperty("recording_url").GetString(), run.GetProperty("transcript_url").GetString(), UserRecordingUrl: null, BotRecordingUrl: null);
        _context = BuildContext();
        _delivery = new ClaimedDelivery
        {
            Key = new DeliveryKey(1, 1),
            Token = 1,
            DeliveryUuid = new Guid("0198c0de-7b1e-7c55-b1d4-2f6d1c0e9a11"),
            WorkflowRunId = 4211,
            WorkflowId = 7,
            WebhookNodeId = "hook",
            EndpointUrl = "https://receiver.example/hook",
            HttpMethod = "POST",
            Payload = System.Text.Encoding.UTF8.GetBytes(RenderPayload()),
            CustomHeaders = """[{"key": "X-Source", "value": "dograh"}]""",
            CredentialUuid = null,
            AttemptCount = 0,
            MaxAttempts = 5,
            BaseDelaySeconds = 30,
            MaxDelaySeconds = 600,
            Timeout = TimeSpan.FromSeconds(30),
            LeaseUntil = Instant,
            TraceParent = null,
            CreatedAt = Instant,
        };
    }

    /// <summary>The values that a template may name, from a run.</summary>
    [Benchmark]
    public RenderContext BuildContext() => RunContext.Build(4211, _run, 7, "Order line", Instant, _completion, Instant);

    /// <summary>The payload, about 1 KB, from its template.</summary>
    [Benchmark]
    public string RenderPayload() => PayloadRenderer.Render(_template, _context);

    /// <summary>The request of an attempt with its headers and its body.</summary>
    [Benchmark]
    public string? BuildRequest()
    {
        using var request = WebhookRequest.Build(_delivery, _credential, _guard);
        return request.RequestUri?.Host;
    }

    /// <summary>The signature of a body of 2 KB with one secret.</summary>
    [Benchmark]
    public string SignV1() => _secret.Sign(_delivery.DeliveryUuid, 1_767_607_872, _body);

    /// <summary>The same with Ed25519.</summary>
    [Benchmark]
    public string SignV1a() => _pair.Sign(_delivery.DeliveryUuid, 1_767_607_872, _body);

    /// <summary>What becomes of a delivery after a 2xx.</summary>
    [Benchmark]
    public DeliveryTransition AfterSuccess() => DeliveryTransitions.AfterAttempt(_delivery, _succeeded, jitterRatio: 0.1, random: 0.5);

    /// <summary>What becomes of a delivery after a 500: the backoff.</summary>
    [Benchmark]
    public DeliveryTransition AfterRefusal() => DeliveryTransitions.AfterAttempt(_delivery, _refused, jitterRatio: 0.1, random: 0.5);
}
