using System.Text.Json;

namespace Dograh.Webhooks.Rendering;

/// <summary>A webhook's URL with placeholders in its host, port, path, query or fragment.</summary>
/// <remarks>
/// Values come from calls, so from strangers, and must not turn a request elsewhere than its owner meant. Each is percent-encoded, all but
/// <c>A-Z a-z 0-9 - . _ ~</c>, so it cannot add a part; it may not be missing; it may not leave a host or path segment empty, nor
/// make a segment <c>..</c>; and nothing may stand in the scheme's place.
/// </remarks>
public static class UrlTemplate
{
    // Stands for a placeholder where the shape of a template is judged: it fits a host, a port, a path and a query alike.
    private const char Stand = '1';

    // RFC 1035 section 2.3.4: no longer name can be resolved.
    private const int MaxHostLength = 253;

    /// <summary>Judges a template as it is saved.</summary>
    /// <param name="template">The URL as its owner wrote it.</param>
    /// <returns>Null if it can be rendered given values for its placeholders, or else what is wrong, in words for its owner.</returns>
    public static string? Validate(string template)
    {
        int opening = template.AsSpan().Count("{{");
        int closing = template.AsSpan().Count("}}");
        if (opening != closing)
            return opening > closing ? "the URL has a '{{' without its '}}'" : "the URL has a '}}' without its '{{'";
        if (template.Contains("{{{{", StringComparison.Ordinal))
            return "the URL has a '{{' inside a '{{'";

        string skeleton = opening == 0 ? template : Skeleton(template, Stand);
        if (skeleton.Contains("{{", StringComparison.Ordinal) || skeleton.Contains("}}", StringComparison.Ordinal))
            return "the URL has '{{ }}' that is no placeholder";

        return ShapeFault(skeleton);
    }

    /// <summary>Renders a template for one run.</summary>
    /// <param name="template">The URL as its owner wrote it.</param>
    /// <param name="context">The run's values.</param>
    /// <returns>The URL, or why the node is invalid for this run: the template is (see <see cref="Validate"/>), or a value does not fit its place.</returns>
    public static RenderedUrl Render(string template, RenderContext context)
    {
        if (Validate(template) is { } templateFault)
            return RenderedUrl.Invalid(templateFault);
        if (!template.Contains("{{", StringComparison.Ordinal))
            return RenderedUrl.Of(template);

        try
        {
            using var output = new RenderBuffer(context.MaxLength);
            if (Substitute(output, template, context) is { } valueFault)
                return RenderedUrl.Invalid(valueFault);

            string url = output.ToString();
            return RenderedFault(Skeleton(template, '\0'), url) is { } fault ? RenderedUrl.Invalid(fault) : RenderedUrl.Of(url);
        }
        catch (RenderedTooLongException tooLong)
        {
            return RenderedUrl.Invalid(tooLong.Message);
        }
    }

    private static string Skeleton(string template, char stand)
    {
        using var output = new RenderBuffer(template.Length);
        int copied = 0;
        var scanner = new PlaceholderScanner(template);
        while (scanner.MoveNext(out Placeholder placeholder))
        {
            output.Append(template.AsSpan(copied..placeholder.Start));
            output.Append(stand);
            copied = placeholder.End;
        }

        output.Append(template.AsSpan(copied));
        return output.ToString();
    }

    private static string? Substitute(RenderBuffer output, string template, RenderContext context)
    {
        int copied = 0;
        using var value = new RenderBuffer(context.MaxLength);
        var scanner = new PlaceholderScanner(template);
        while (scanner.MoveNext(out Placeholder placeholder))
        {
            output.Append(template.AsSpan(copied..placeholder.Start));
            value.Truncate(0);
            if (AppendValue(value, placeholder, context, template) is { } fault)
                return fault;

            output.Append(Uri.EscapeDataString(value.Written));
            copied = placeholder.End;
        }

        output.Append(template.AsSpan(copied));
        return null;
    }

    private static string? AppendValue(RenderBuffer output, in Placeholder placeholder, RenderContext context, string template)
    {
        PlaceholderValue value = PlaceholderValue.Of(placeholder, context, template);
        switch (value.Kind)
        {
            case JsonValueKind.Undefined or JsonValueKind.Null:
                return $"the URL needs '{placeholder.Path}', which has no value";
            case JsonValueKind.Array or JsonValueKind.Object:
                return $"the URL needs '{placeholder.Path}', which is an {(value.Kind == JsonValueKind.Array ? "array" : "object")}";
            case JsonValueKind.True or JsonValueKind.False:
                output.Append(value.Kind == JsonValueKind.True ? "true" : "false");
                return null;
            default:
                value.AppendTo(output);
                // A blank fallback says that the owner means it.
                return output.Length == 0 && !placeholder.HasFilter ? $"the URL needs '{placeholder.Path}', which is empty" : null;
        }
    }

    private static string? ShapeFault(string url)
    {
        if (url.Length == 0)
            return "the URL is empty";
        if (url.AsSpan().ContainsAnyInRange('\0', '\x1f') || url.Contains('\x7f', StringComparison.Ordinal) || url.Trim().Length != url.Length)
            return "the URL has control characters, or white space at an end";
        if (url.Contains('\\', StringComparison.Ordinal))
            return "the URL has a backslash";

        int authorityStart = AuthorityStart(url);
        if (authorityStart == 0)
            return "the URL must begin with http:// or https://, in so many letters";

        ReadOnlySpan<char> authority = Authority(url);
        if (authority.Contains('@'))
            return "the URL holds a user name or password, which would be stored as plain text: use a credential";

        bool hasHost = Uri.TryCreate(url, UriKind.Absolute, out Uri? parsed)
            && parsed.HostNameType is UriHostNameType.Dns or UriHostNameType.IPv4 or UriHostNameType.IPv6
            && HostLength(parsed) is > 0 and <= MaxHostLength;
        return hasHost ? null : "the URL has no valid host or port";
    }

    // As it is resolved. Some characters count for nothing there, and may be all that a host has; others are found out only there.
    private static int HostLength(Uri url)
    {
        try
        {
            return url.IdnHost.Length;
        }
        catch (UriFormatException)
        {
            return 0;
        }
    }

    private static string? RenderedFault(string skeleton, string url)
    {
        // What needs encoding cannot be in a host name or port: it would have meant another part.
        ReadOnlySpan<char> authority = Authority(url);
        if (authority.Contains('%') || authority.EndsWith(':') || ShapeFault(url) is not null)
            return "a placeholder's value makes no valid host or port in the URL";

        // No value adds a '/', '?' or '#', so both have the same segments.
        MemoryExtensions.SpanSplitEnumerator<char> templates = Path(skeleton).Split('/');
        foreach (Range range in Path(url).Split('/'))
        {
            templates.MoveNext();
            if (!Path(skeleton)[templates.Current].Contains('\0'))
                continue;

            string segment = Path(url)[range].ToString().Replace("%2e", ".", StringComparison.OrdinalIgnoreCase);
            if (segment is "")
                return "a placeholder leaves a segment of the URL's path empty";
            if (segment is "." or "..")
                return "a placeholder's value changes the level of the URL's path";
        }

        return null;
    }

    private static int AuthorityStart(string url)
    {
        foreach (string scheme in (ReadOnlySpan<string>)["https://", "http://"])
        {
            if (url.StartsWith(scheme, StringComparison.OrdinalIgnoreCase))
                return scheme.Length;
        }

        return 0;
    }

    private static ReadOnlySpan<char> Authority(string url)
    {
        ReadOnlySpan<char> rest = url.AsSpan(AuthorityStart(url));
        int end = rest.IndexOfAny('/', '?', '#');
        return end < 0 ? rest : rest[..end];
    }

    private static ReadOnlySpan<char> Path(string url)
    {
        ReadOnlySpan<char> rest = url.AsSpan(AuthorityStart(url) + Authority(url).Length);
        int end = rest.IndexOfAny('?', '#');
        return end < 0 ? rest : rest[..end];
    }
}
