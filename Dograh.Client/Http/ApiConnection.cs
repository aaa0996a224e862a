using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Dograh.Client.Http;

/// <summary>Sends requests and reads answers: JSON, problems, and what is neither.</summary>
internal sealed class ApiConnection(HttpClient http, string? apiKey, long? organizationId)
{
    private const string IdempotencyKeyHeader = "Idempotency-Key";
    private const string OrganizationHeader = "X-Dograh-Organization";

    // What is answered besides JSON is shown no further than this.
    private const int ShownCharacters = 100;

    private readonly Uri _root = Root(http);

    public Task<T> GetAsync<T>(string path, CancellationToken cancellationToken) => ReadAsync<T>(Request(HttpMethod.Get, path), cancellationToken);

    public Task<TAnswer> PostAsync<TBody, TAnswer>(string path, TBody body, CancellationToken cancellationToken, string? idempotencyKey = null) =>
        ReadAsync<TAnswer>(Request(HttpMethod.Post, path, JsonContent.Create(body, TypeInfo<TBody>()), idempotencyKey), cancellationToken);

    /// <summary>Posts nothing.</summary>
    public Task<T> PostAsync<T>(string path, CancellationToken cancellationToken, string? idempotencyKey = null) =>
        ReadAsync<T>(Request(HttpMethod.Post, path, content: null, idempotencyKey), cancellationToken);

    public Task<TAnswer> PutAsync<TBody, TAnswer>(string path, TBody body, CancellationToken cancellationToken, string? ifMatch = null)
    {
        var request = Request(HttpMethod.Put, path, JsonContent.Create(body, TypeInfo<TBody>()));
        if (ifMatch is not null) request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        return ReadAsync<TAnswer>(request, cancellationToken);
    }

    public async Task DeleteAsync(string path, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(Request(HttpMethod.Delete, path), cancellationToken);
    }

    /// <summary>A file, its content still to be read.</summary>
    public Task<HttpResponseMessage> OpenAsync(string path, CancellationToken cancellationToken) => SendAsync(Request(HttpMethod.Get, path), cancellationToken, isFile: true);

    /// <summary>All items of a list, page after page.</summary>
    public static async IAsyncEnumerable<T> AllAsync<T>(
        Func<string?, CancellationToken, Task<Page<T>>> list, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? cursor = null;
        do
        {
            var page = await list(cursor, cancellationToken);
            foreach (var item in page.Items) yield return item;
            cursor = page.NextCursor;
        }
        while (cursor is not null);
    }

    /// <summary>Reads the server's health, which is a word and no JSON.</summary>
    public async Task<Health> GetHealthAsync(CancellationToken cancellationToken)
    {
        // Without a key, which would have to be looked up in what may be ill.
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_root, "health"));
        using var response = await ExchangeAsync(request, cancellationToken);
        var text = (await ReadTextAsync(response, cancellationToken)).Trim();
        return text is "Healthy" or "Degraded" or "Unhealthy"
            ? new Health(text, response.Headers.Date)
            : throw NotDograh(response, text);
    }

    private async Task<T> ReadAsync<T>(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(request, cancellationToken);
        try
        {
            // "null" is no answer of any path.
            return await response.Content.ReadFromJsonAsync(TypeInfo<T>(), cancellationToken) ?? throw NotDograh(response, "null");
        }
        catch (JsonException e)
        {
            throw new DograhConnectionException(_root, $"What {_root} answered to {request.Method} {request.RequestUri!.AbsolutePath} is not what Dograh's API answers: {e.Message}", e);
        }
        catch (Exception e) when (IsBroken(e, cancellationToken))
        {
            throw Unreachable(e);
        }
    }

    // The answer of a call that succeeded; it is JSON or empty, or a file.
    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken, bool isFile = false)
    {
        using (request)
        {
            var response = await ExchangeAsync(request, cancellationToken);
            try
            {
                var isJson = response.Content.Headers.ContentType?.MediaType is "application/json" or "application/problem+json";
                if (response.IsSuccessStatusCode && (isFile ? response.Content.Headers.ContentDisposition is not null : isJson || response.StatusCode == HttpStatusCode.NoContent)) return response;
                var text = await ReadTextAsync(response, cancellationToken);
                throw (isJson && !response.IsSuccessStatusCode ? Problem.TryRead(response, text) : null) ?? (Exception)NotDograh(response, text);
            }
            catch
            {
                response.Dispose();
                throw;
            }
        }
    }

    private async Task<HttpResponseMessage> ExchangeAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        }
        catch (Exception e) when (IsBroken(e, cancellationToken))
        {
            throw Unreachable(e);
        }
    }

    private async Task<string> ReadTextAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        try
        {
            return await response.Content.ReadAsStringAsync(cancellationToken);
        }
        catch (Exception e) when (IsBroken(e, cancellationToken))
        {
            throw Unreachable(e);
        }
    }

    private HttpRequestMessage Request(HttpMethod method, string path, HttpContent? content = null, string? idempotencyKey = null)
    {
        var request = new HttpRequestMessage(method, new Uri(_root, path)) { Content = content };
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        // No header may hold it, so the server cannot be asked; what it would say is plain.
        if (apiKey?.Any(character => character is < ' ' or > '~') == true) throw new DograhApiException(401, "Unauthorized", "No API key has such characters.");
        if (apiKey is not null) request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {apiKey}");
        if (organizationId is { } id) request.Headers.TryAddWithoutValidation(OrganizationHeader, $"{id}");
        if (idempotencyKey is not null) request.Headers.TryAddWithoutValidation(IdempotencyKeyHeader, idempotencyKey);
        return request;
    }

    private DograhConnectionException Unreachable(Exception e) => e is OperationCanceledException
        ? new DograhConnectionException(_root, $"{_root} did not answer within {http.Timeout.TotalSeconds:0.#} s.", e)
        : new DograhConnectionException(_root, $"{_root} cannot be reached: {e.GetBaseException().Message}", e);

    private DograhConnectionException NotDograh(HttpResponseMessage response, string text)
    {
        var body = text.ReplaceLineEndings(" ").Trim();
        if (body.Length > ShownCharacters) body = $"{body[..ShownCharacters]}…";
        var type = response.Content.Headers.ContentType?.MediaType ?? "no content type";
        return new DograhConnectionException(
            _root, $"{_root} answered {(int)response.StatusCode} with {type}, which Dograh's API does not{(body.Length == 0 ? "." : $": {body}")}");
    }

    // A wish of the caller's to give up is no fault of the connection's.
    private static bool IsBroken(Exception e, CancellationToken cancellationToken) =>
        e is HttpRequestException or IOException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested);

    private static Uri Root(HttpClient http)
    {
        var address = http.BaseAddress ?? throw new ArgumentException("The HTTP client has no base address: it is to be the server's root.", nameof(http));
        return address.AbsoluteUri.EndsWith('/') ? address : new Uri($"{address.AbsoluteUri}/");
    }

    private static JsonTypeInfo<T> TypeInfo<T>() => (JsonTypeInfo<T>)ClientJson.Default.GetTypeInfo(typeof(T))!;
}
