using System.Diagnostics;
using OpenTelemetry;

namespace Dograh.ServiceDefaults;

/// <summary>Keeps to two rules for every span: those below a delivery's carry its ids, and no URL shows more than its origin.</summary>
internal sealed class DeliverySpanProcessor : BaseProcessor<Activity>
{
    private const string OurPrefix = "dograh.";
    private const string UrlFull = "url.full";

    // A receiver's path is often its secret; our own API's path and query hold ids and filters, and http.route says enough.
    private static readonly string[] NeverKept = ["url.path", "url.query"];

    public override void OnStart(Activity data)
    {
        if (data.Parent is not { } parent) return;
        foreach (var tag in parent.EnumerateTagObjects())
        {
            if (tag.Key.StartsWith(OurPrefix, StringComparison.Ordinal) && data.GetTagItem(tag.Key) is null) data.SetTag(tag.Key, tag.Value);
        }
    }

    public override void OnEnd(Activity data)
    {
        foreach (var name in NeverKept)
        {
            if (data.GetTagItem(name) is not null) data.SetTag(name, null);
        }

        if (data.GetTagItem(UrlFull) is string url)
        {
            data.SetTag(UrlFull, Uri.TryCreate(url, UriKind.Absolute, out var parsed) ? parsed.GetLeftPart(UriPartial.Authority) : null);
        }
    }
}
