using Dograh.Tests.Support;
using Dograh.Webhooks.Signing;

namespace Dograh.Tests.Receiving;

/// <summary>Requests as a worker signs them.</summary>
internal static class SignedRequest
{
    /// <summary>The headers of a webhook that was signed so long ago.</summary>
    public static Dictionary<string, string> Headers(string secret, Guid id, TimeSpan age, byte[] body)
    {
        var timestamp = (TimeProvider.System.GetUtcNow() - age).ToUnixTimeSeconds();
        return new()
        {
            ["webhook-id"] = $"{id}",
            ["webhook-timestamp"] = $"{timestamp}",
            ["webhook-signature"] = new SigningKeys([SigningKey.Open("v1", secret)]).Sign(id, timestamp, body),
        };
    }

    /// <summary>Posts it.</summary>
    public static async Task<(int Status, string Body)> SendAsync(HttpClient client, Uri url, Dictionary<string, string> headers, byte[] body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new("application/json");
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        using var response = await client.SendAsync(request, TestContext.Current.CancellationToken).Soon();
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }
}
