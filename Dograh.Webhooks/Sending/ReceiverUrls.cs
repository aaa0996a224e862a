using System.Collections.Concurrent;

namespace Dograh.Webhooks.Sending;

/// <summary>The URLs that were lately sent to, read once: a node's deliveries mostly share theirs.</summary>
internal sealed class ReceiverUrls(EgressGuard guard)
{
    // Placeholders may make as many URLs as there are deliveries; beyond so many, the ones in use are soon read again.
    private const int MaxKept = 4096;

    private readonly ConcurrentDictionary<string, ReceiverUrl> _kept = new(StringComparer.Ordinal);

    /// <summary>Reads a row's URL.</summary>
    /// <exception cref="UnsendableException">It is none, or one that may not be asked; the message says which.</exception>
    public ReceiverUrl Read(string endpointUrl)
    {
        if (_kept.TryGetValue(endpointUrl, out var known)) return known;
        var url = WebhookRequest.ParseUrl(endpointUrl, guard);
        if (_kept.Count >= MaxKept) _kept.Clear();
        return _kept.GetOrAdd(endpointUrl, new ReceiverUrl(url, url.GetLeftPart(UriPartial.Authority)));
    }
}

/// <summary>A URL that may be asked.</summary>
/// <param name="Url">The URL.</param>
/// <param name="Origin">Its origin, such as <c>https://crm.example:8443</c>.</param>
internal sealed record ReceiverUrl(Uri Url, string Origin);
