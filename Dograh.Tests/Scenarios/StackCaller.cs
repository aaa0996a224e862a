using System.Net.Http.Json;
using System.Text.Json;
using Dograh.Tests.Support;

namespace Dograh.Tests.Scenarios;

/// <summary>The API over HTTP, as a client with a key has it. Every call must succeed.</summary>
internal sealed class StackCaller : IDisposable
{
    private readonly HttpClient _http;

    public StackCaller(Uri url, string key)
    {
        Key = key;
        // Without activities: what a test sends as traceparent is what it writes there itself.
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = false, ActivityHeadersPropagator = null })
        {
            BaseAddress = new Uri(url, "/api/v1/"),
            Timeout = TimeSpan.FromSeconds(30),
        };
        _http.DefaultRequestHeaders.Add("X-API-Key", key);
    }

    /// <summary>The key it calls with.</summary>
    public string Key { get; }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Asks for something.</summary>
    public Task<JsonElement> GetAsync(string path) => CallAsync(HttpMethod.Get, path, body: null);

    /// <summary>Posts something.</summary>
    public Task<JsonElement> PostAsync(string path, object? body = null, string? traceParent = null) => CallAsync(HttpMethod.Post, path, body, traceParent);

    /// <summary>Puts something.</summary>
    public Task<JsonElement> PutAsync(string path, object body) => CallAsync(HttpMethod.Put, path, body);

    /// <summary>Removes something.</summary>
    public Task<JsonElement> DeleteAsync(string path) => CallAsync(HttpMethod.Delete, path, body: null);

    /// <summary>Saves a workflow of one webhook node.</summary>
    /// <param name="url">Where it sends to.</param>
    /// <param name="more">Further members of the node's data; a payload with the run's id unless it has one.</param>
    /// <returns>The workflow's id.</returns>
    public async Task<long> AddWorkflowAsync(Uri url, params (string Name, object Value)[] more)
    {
        var data = new Dictionary<string, object>
        {
            ["name"] = "Report to the CRM",
            ["endpoint_url"] = url.OriginalString,
            ["payload_template"] = new { run = "{{workflow_run_id}}" },
        };
        foreach (var (name, value) in more) data[name] = value;
        var workflow = await PostAsync("workflows", new
        {
            name = "After the call",
            workflow_definition = new { edges = Array.Empty<object>(), nodes = new[] { new { id = "crm", type = "webhook", data } } },
        });
        return workflow.GetProperty("id").GetInt64();
    }

    /// <summary>Takes in a completed run.</summary>
    /// <returns>Its delivery.</returns>
    public async Task<Guid> CompleteAsync(long workflow, object? completion = null, string? traceParent = null) =>
        DeliveryOf(await PostAsync($"workflows/{workflow}/completed-runs", completion ?? new { }, traceParent));

    /// <summary>The delivery in the answer to a completion.</summary>
    public static Guid DeliveryOf(JsonElement outcome) => Assert.Single(outcome.GetProperty("deliveries").EnumerateArray()).GetProperty("delivery_id").GetGuid();

    /// <summary>A delivery as the API shows it.</summary>
    public Task<JsonElement> DeliveryAsync(Guid delivery) => GetAsync($"deliveries/{delivery}");

    /// <summary>Waits until a delivery is in this state.</summary>
    public async Task<JsonElement> ReachesAsync(string status, Guid delivery)
    {
        JsonElement shown = default;
        await Eventually.TrueAsync(
            async () => (shown = await DeliveryAsync(delivery)).GetProperty("status").GetString() == status, described: $"{delivery} is {status}");
        return shown;
    }

    public void Dispose() => _http.Dispose();

    private async Task<JsonElement> CallAsync(HttpMethod method, string path, object? body, string? traceParent = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        if (traceParent is not null) request.Headers.Add("traceparent", traceParent);
        using var response = await _http.SendAsync(request, Token);
        var text = await response.Content.ReadAsStringAsync(Token);
        Assert.True(response.IsSuccessStatusCode, $"{method} {path} was answered {(int)response.StatusCode}: {text}");
        return text.Length == 0 ? default : JsonElement.Parse(text);
    }
}
