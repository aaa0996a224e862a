using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Dograh.Standalone;

/// <summary>The API as any client sees it.</summary>
internal sealed class PublicApi(string url, string apiKey) : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false })
    {
        BaseAddress = new Uri(url + "/api/v1/"),
        DefaultRequestHeaders = { { "X-API-Key", apiKey } },
        Timeout = TimeSpan.FromSeconds(20),
    };

    /// <summary>Makes a call.</summary>
    /// <param name="method">The HTTP method.</param>
    /// <param name="path">The path below <c>/api/v1/</c>.</param>
    /// <param name="body">What is sent as JSON, or null.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The status, and the answer's JSON.</returns>
    /// <exception cref="StandaloneException">The API did not answer, or not with JSON.</exception>
    public async Task<(HttpStatusCode Status, JsonElement Answer)> CallAsync(
        HttpMethod method, string path, JsonNode? body, CancellationToken cancellationToken)
    {
        try
        {
            using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
            using var response = await _http.SendAsync(request, cancellationToken);
            var text = await response.Content.ReadAsStringAsync(cancellationToken);
            using var document = JsonDocument.Parse(text.Length == 0 ? "null" : text);
            return (response.StatusCode, document.RootElement.Clone());
        }
        catch (Exception e) when (e is HttpRequestException or JsonException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new StandaloneException($"{method} /api/v1/{path}: {e.Message}", e);
        }
    }

    /// <summary>Makes a call that must succeed.</summary>
    /// <exception cref="StandaloneException">It did not; the message has the API's own.</exception>
    public async Task<JsonElement> DemandAsync(HttpMethod method, string path, JsonNode? body, CancellationToken cancellationToken)
    {
        var (status, answer) = await CallAsync(method, path, body, cancellationToken);
        return (int)status is >= 200 and < 300
            ? answer
            : throw new StandaloneException($"{method} /api/v1/{path} was answered {(int)status}: {answer}");
    }

    public void Dispose() => _http.Dispose();
}
