using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using Dograh.Chaos.Faults;

namespace Dograh.Chaos.Load;

/// <summary>Sane clients: they send completed runs at a steady pace, and send again under the same key what was not answered 2xx.</summary>
internal sealed class RunLoad(IReadOnlyList<Uri> apis, string key, IReadOnlyList<long> workflows, Ledger ledger, int seed) : IDisposable
{
    private const int Clients = 4;
    private const int BatchSize = 8;
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(120);
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(300);

    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(20), DefaultRequestHeaders = { { "X-API-Key", key } } };
    private int _references;

    /// <summary>Sends until stopped, and then until every answer that a client waits for has come.</summary>
    /// <param name="stop">No more runs.</param>
    /// <param name="giveUp">Not even what was begun.</param>
    public Task RunAsync(CancellationToken stop, CancellationToken giveUp) =>
        Task.WhenAll(Enumerable.Range(0, Clients).Select(n => RunClientAsync(new SeededChance(seed, 200 + n), stop, giveUp)));

    public void Dispose() => _http.Dispose();

    private async Task RunClientAsync(SeededChance chance, CancellationToken stop, CancellationToken giveUp)
    {
        while (!stop.IsCancellationRequested)
        {
            var workflow = workflows[chance.Next(workflows.Count)];
            await (chance.NextDouble() switch
            {
                < 0.55 => SendRunAsync(chance, workflow, giveUp),
                < 0.75 => SendRunOnceAsync(chance, workflow, giveUp),
                < 0.83 => SendBatchAsync(chance, workflow, giveUp),
                < 0.93 => ActAsync(chance, "replay", giveUp),
                _ => ActAsync(chance, "cancel", giveUp),
            });
            await Task.Delay(Pace * (0.5 + chance.NextDouble()), TimeProvider.System, giveUp);
        }
    }

    private async Task SendRunAsync(SeededChance chance, long workflow, CancellationToken giveUp)
    {
        var reference = NewReference(hasKey: true);
        if (await PostAsync(chance, $"workflows/{workflow}/completed-runs", Run(reference), reference, [], giveUp) is { } outcome) Accept(reference, outcome);
    }

    // Without a key nobody can send it again and know what comes of it: one try.
    private async Task SendRunOnceAsync(SeededChance chance, long workflow, CancellationToken giveUp)
    {
        var reference = NewReference(hasKey: false);
        if (await PostAsync(chance, $"workflows/{workflow}/completed-runs", Run(reference), idempotencyKey: null, [], giveUp) is { } outcome) Accept(reference, outcome);
    }

    private async Task SendBatchAsync(SeededChance chance, long workflow, CancellationToken giveUp)
    {
        var references = Enumerable.Range(0, BatchSize).Select(_ => NewReference(hasKey: true)).ToList();
        var body = new { runs = references.Select(reference => new { idempotency_key = reference, initial_context = new { reference } }) };
        if (await PostAsync(chance, $"workflows/{workflow}/completed-runs/batch", body, $"batch-{references[0]}", [], giveUp) is not { } answer) return;
        foreach (var (reference, item) in references.Zip(answer.GetProperty("items").EnumerateArray()))
        {
            if (item.GetProperty("status").GetInt32() is 200 or 202) Accept(reference, item.GetProperty("outcome"));
            else ledger.OddAnswers.Enqueue($"run {reference} of a batch: {item}");
        }
    }

    private async Task ActAsync(SeededChance chance, string what, CancellationToken giveUp)
    {
        if (ledger.Recent(chance.Next) is not { } delivery) return;
        await PostAsync(chance, $"deliveries/{delivery}/{what}", new { }, $"{what}-{Interlocked.Increment(ref _references)}", [HttpStatusCode.Conflict], giveUp);
    }

    // Null if it was refused as it deserved, or was not answered and may not be sent again.
    private async Task<JsonElement?> PostAsync(
        SeededChance chance, string path, object body, string? idempotencyKey, HttpStatusCode[] deserved, CancellationToken giveUp)
    {
        for (var api = chance.Next(apis.Count); ; api++)
        {
            try
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(apis[api % apis.Count], $"/api/v1/{path}")) { Content = JsonContent.Create(body) };
                if (idempotencyKey is not null) request.Headers.Add("Idempotency-Key", idempotencyKey);
                using var answer = await _http.SendAsync(request, giveUp);
                if (answer.IsSuccessStatusCode) return await answer.Content.ReadFromJsonAsync<JsonElement>(giveUp);
                if (deserved.Contains(answer.StatusCode)) return null;
                if (answer.StatusCode != HttpStatusCode.ServiceUnavailable)
                {
                    ledger.OddAnswers.Enqueue($"POST {path}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync(giveUp)}");
                }
            }
            catch (Exception e) when (e is HttpRequestException or IOException or SocketException or JsonException || (e is OperationCanceledException && !giveUp.IsCancellationRequested))
            {
                // No answer: it may have been taken in, or not.
            }

            if (idempotencyKey is null) return null;
            Interlocked.Increment(ref ledger.Retries);
            await Task.Delay(RetryDelay, TimeProvider.System, giveUp);
        }
    }

    private static object Run(string reference) => new { initial_context = new { reference } };

    private void Accept(string reference, JsonElement outcome)
    {
        foreach (var node in outcome.GetProperty("deliveries").EnumerateArray()) ledger.Accept(reference, node.GetProperty("delivery_id").GetGuid());
    }

    private string NewReference(bool hasKey)
    {
        var reference = $"run-{Interlocked.Increment(ref _references)}";
        ledger.Runs[reference] = new SentRun(hasKey);
        return reference;
    }
}
