using System.Text.Json;

namespace Dograh.Webhooks.Rendering;

/// <summary>Renders the payload of a webhook, once, as it will be sent at every attempt.</summary>
public static class PayloadRenderer
{
    private const string CallDisposition = "call_disposition";

    /// <summary>
    /// Renders a payload template and, where that gives an object without <c>call_disposition</c>, appends the one of
    /// <c>gathered_context</c> unchanged, or <c>""</c> where that has none.
    /// </summary>
    /// <param name="template">The node's template. One that says nothing (undefined, null, false, 0, <c>""</c>, an empty array or object) counts as <c>{}</c>.</param>
    /// <param name="context">The run's values.</param>
    /// <returns>The exact text to freeze and send: compact JSON, to be encoded as UTF-8.</returns>
    /// <exception cref="RenderedTooLongException">It would exceed <see cref="RenderContext.MaxLength"/>.</exception>
    public static string Render(JsonElement template, RenderContext context)
    {
        using var output = new RenderBuffer(context.MaxLength);
        if (template.ValueKind != JsonValueKind.Object && !SaysNothing(template))
        {
            TemplateRenderer.AppendJson(output, template, context);
            return output.ToString();
        }

        OrderedDictionary<string, JsonElement> members =
            template.ValueKind == JsonValueKind.Object ? TemplateRenderer.RenderNames(template, context) : [];
        output.Append('{');
        TemplateRenderer.AppendMembers(output, members, context);
        if (!members.ContainsKey(CallDisposition))
            AppendCallDisposition(output, context, first: members.Count == 0);
        output.Append('}');
        return output.ToString();
    }

    private static void AppendCallDisposition(RenderBuffer output, RenderContext context, bool first)
    {
        output.Append(first ? "\"call_disposition\":" : ",\"call_disposition\":");
        if (context.Find("gathered_context") is { } gathered && RenderContext.TryGetMember(gathered, CallDisposition, out JsonElement disposition))
            JsonWriting.AppendCompact(output, disposition);
        else
            output.Append("\"\"");
    }

    private static bool SaysNothing(JsonElement template) => template.ValueKind switch
    {
        JsonValueKind.Undefined or JsonValueKind.Null or JsonValueKind.False => true,
        JsonValueKind.String => JsonText.IsEmpty(template),
        JsonValueKind.Array => template.GetArrayLength() == 0,
        JsonValueKind.Number => double.TryParse(template.GetRawText(), System.Globalization.CultureInfo.InvariantCulture, out double number) && number == 0,
        _ => false,
    };
}
