using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Dograh.Webhooks.Rendering;

/// <summary>Renders the headers that a node adds to its requests.</summary>
public static class CustomHeaders
{
    // RFC 9110 section 5.6.2, token.
    private static readonly SearchValues<char> NameCharacters =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    private static readonly SearchValues<string> SecretMarks = SearchValues.Create(
        ["authorization", "auth", "token", "secret", "password", "passwd", "cookie", "credential", "api-key", "apikey", "api_key", "access-key"],
        StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether a header's name suggests that its value is a secret, which belongs into a credential.</summary>
    /// <param name="headerName">The name, in any case.</param>
    public static bool LooksSecret(string headerName) =>
        // Beyond ASCII some letters have one of these as their lower case, and are not its upper case.
        (Ascii.IsValid(headerName) ? headerName : headerName.ToLowerInvariant()).AsSpan().ContainsAny(SecretMarks);

    /// <summary>Whether a header may have this name at all.</summary>
    /// <param name="headerName">The name as written.</param>
    public static bool IsLegalName(string headerName) => headerName.Length > 0 && !headerName.AsSpan().ContainsAnyExcept(NameCharacters);

    /// <summary>Renders a node's <c>custom_headers</c> for one run.</summary>
    /// <param name="customHeaders">An array of <c>{"key": …, "value": …}</c>; undefined or null if the node has none.</param>
    /// <param name="context">The run's values; placeholders stand in values only.</param>
    /// <returns>
    /// The headers to freeze, the dropped names, and faults. A header without a name, without a value, or whose value renders to <c>""</c> is
    /// left out silently. Whether a name looks secret is asked before whether it has a value, because saving a workflow takes the value away.
    /// </returns>
    public static RenderedHeaders Render(JsonElement customHeaders, RenderContext context)
    {
        List<CustomHeader> headers = [];
        List<string> dropped = [];
        List<string> faults = [];
        if (customHeaders.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement header in customHeaders.EnumerateArray())
                RenderOne(header, context, headers, dropped, faults);
        }
        else if (customHeaders.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null))
        {
            faults.Add("custom_headers is not an array");
        }

        return new RenderedHeaders(headers, dropped, faults);
    }

    private static void RenderOne(JsonElement header, RenderContext context, List<CustomHeader> headers, List<string> dropped, List<string> faults)
    {
        if (!TryGetText(header, "key", out string name) || !TryGetText(header, "value", out string template))
        {
            faults.Add("a custom header is not a pair of texts, key and value");
        }
        else if (name.Length == 0)
        {
            // nothing to send, and nothing to complain of
        }
        else if (LooksSecret(name))
        {
            dropped.Add(name);
        }
        else if (template.Length > 0 && !IsLegalName(name))
        {
            faults.Add($"'{name}' is no name for a header");
        }
        else if (template.Length > 0)
        {
            RenderValue(name, template, context, headers, faults);
        }
    }

    private static void RenderValue(string name, string template, RenderContext context, List<CustomHeader> headers, List<string> faults)
    {
        try
        {
            string value = TemplateRenderer.RenderText(template, context);
            if (value.Any(char.IsControl))
                faults.Add($"the value of header '{name}' has control characters");
            else if (value.Length > 0)
                headers.Add(new CustomHeader(name, value));
        }
        catch (RenderedTooLongException tooLong)
        {
            faults.Add($"header '{name}': {tooLong.Message}");
        }
    }

    // Missing and null are "".
    private static bool TryGetText(JsonElement header, string name, out string text)
    {
        text = "";
        if (header.ValueKind != JsonValueKind.Object)
            return false;
        if (!RenderContext.TryGetMember(header, name, out JsonElement value) || value.ValueKind == JsonValueKind.Null)
            return true;
        if (value.ValueKind != JsonValueKind.String)
            return false;

        text = JsonText.Of(value);
        return true;
    }
}
