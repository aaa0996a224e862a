using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Dograh.Tests.Api;

/// <summary>Somebody who calls the API. Bodies are JSON texts, nodes or anonymous objects; paths are relative to <c>/api/v1/</c>.</summary>
public class ApiCaller
{
    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    internal ApiCaller(HttpClient http) => Http = http;

    /// <summary>The client underneath, which sends the caller's key.</summary>
    public HttpClient Http { get; }

    public Task<ApiAnswer> GetAsync(string path) => SendAsync(HttpMethod.Get, path);

    public Task<ApiAnswer> DeleteAsync(string path) => SendAsync(HttpMethod.Delete, path);

    public Task<ApiAnswer> PutAsync(string path, object body) => SendAsync(HttpMethod.Put, path, Json(body));

    /// <summary>Posts; under an <c>Idempotency-Key</c> if there is one.</summary>
    public Task<ApiAnswer> PostAsync(string path, object? body = null, string? idempotencyKey = null) => SendAsync(
        HttpMethod.Post, path, body is null ? null : Json(body), idempotencyKey is null ? [] : [("Idempotency-Key", idempotencyKey)]);

    /// <summary>Sends whatever it is told.</summary>
    public async Task<ApiAnswer> SendAsync(HttpMethod method, string path, HttpContent? content = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.RelativeOrAbsolute)) { Content = content };
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        using var response = await Http.SendAsync(request, TestContext.Current.CancellationToken);
        var bytes = await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);
        return new ApiAnswer(
            (int)response.StatusCode,
            response.Headers.Concat(response.Content.Headers).ToDictionary(x => x.Key, x => string.Join(", ", x.Value), StringComparer.OrdinalIgnoreCase),
            Encoding.UTF8.GetString(bytes), $"{method} {path}");
    }

    /// <summary>A JSON body.</summary>
    public static StringContent Json(object body) => new(
        body switch
        {
            string text => text,
            JsonNode node => node.ToJsonString(Relaxed),
            _ => JsonSerializer.Serialize(body, Relaxed),
        },
        Encoding.UTF8, "application/json");
}

/// <summary>An organization, calling with its first key.</summary>
public sealed class ApiOrganization : ApiCaller
{
    internal ApiOrganization(HttpClient http, long id, string key) : base(http) => (Id, Key) = (id, key);

    public long Id { get; }

    /// <summary>Its first key.</summary>
    public string Key { get; }
}
