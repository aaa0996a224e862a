using System.Net.Http.Headers;
using System.Text;
using Hangfire;

namespace Dograh.Bench.Peers;

/// <summary>What Hangfire runs for a delivery: the POST that our worker makes. Public, for Hangfire calls it by its name.</summary>
public static class HangfireDelivery
{
    private static readonly HttpClient Http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false });

    /// <summary>Sends a payload; anything but a 2xx is a failure, which Hangfire retries.</summary>
    /// <param name="url">Where to.</param>
    /// <param name="payload">The body.</param>
    [AutomaticRetry(Attempts = 5)]
    public static async Task SendAsync(string url, string payload)
    {
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(payload));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var response = await Http.PostAsync(new Uri(url), content);
        response.EnsureSuccessStatusCode();
    }
}
