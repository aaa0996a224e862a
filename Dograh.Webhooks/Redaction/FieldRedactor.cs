using System.Text.Json;
using System.Text.RegularExpressions;
using Dograh.Webhooks.Rendering;

namespace Dograh.Webhooks.Redaction;

/// <summary>Takes personal data and secrets out of a payload while its shape stays readable.</summary>
public static partial class FieldRedactor
{
    /// <summary>What stands in the place of anything redacted.</summary>
    public const string Redacted = "[REDACTED]";

    /// <summary>A field's name in one style: <c>APIToken</c>, <c>api-token</c> and <c>Api Token</c> all become <c>api_token</c>.</summary>
    /// <param name="fieldName">The name in any style.</param>
    public static string Normalize(string fieldName)
    {
        using var output = new RenderBuffer(fieldName.Length * 2);
        for (int i = 0; i < fieldName.Length; i++)
        {
            char c = fieldName[i];
            if (char.IsAsciiLetterOrDigit(c))
            {
                if (BeginsWord(fieldName, i))
                    Separate(output);
                output.Append(char.ToLowerInvariant(c));
            }
            else
            {
                Separate(output);
            }
        }

        return output.Written.TrimEnd('_').ToString();
    }

    /// <summary>Whether a field of this name holds what must not be logged.</summary>
    /// <param name="fieldName">The name in any style.</param>
    public static bool IsSensitive(string fieldName) => SensitiveName().IsMatch(Normalize(fieldName));

    /// <summary>Redacts a payload: the values of sensitive fields whole, and every text that is an http(s) URL, for its path may be a secret.</summary>
    /// <param name="value">Any JSON.</param>
    /// <returns>Compact JSON of the same shape but for redacted values, each now the text <see cref="Redacted"/>.</returns>
    public static string Redact(JsonElement value)
    {
        using var output = new RenderBuffer(int.MaxValue);
        Append(output, value);
        return output.ToString();
    }

    private static void Append(RenderBuffer output, JsonElement value)
    {
        bool first = true;
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                output.Append('{');
                foreach ((string name, JsonElement member) in JsonMembers.Of(value))
                {
                    if (!first)
                        output.Append(',');
                    first = false;
                    JsonWriting.AppendCompactString(output, name);
                    output.Append(':');
                    if (IsSensitive(name))
                        JsonWriting.AppendCompactString(output, Redacted);
                    else
                        Append(output, member);
                }

                output.Append('}');
                break;

            case JsonValueKind.Array:
                output.Append('[');
                foreach (JsonElement item in value.EnumerateArray())
                {
                    if (!first)
                        output.Append(',');
                    first = false;
                    Append(output, item);
                }

                output.Append(']');
                break;

            case JsonValueKind.String when IsWebUrl(JsonText.Of(value)):
                JsonWriting.AppendCompactString(output, Redacted);
                break;

            default:
                JsonWriting.AppendCompact(output, value);
                break;
        }
    }

    private static bool IsWebUrl(string text) => SplitUrl.Of(text) is { Scheme: "http" or "https", Host.Length: > 0 };

    // "apiToken" before T, "APIToken" before T: an upper-case letter after another kind, or the last one of a run.
    private static bool BeginsWord(string name, int i) =>
        i > 0 && char.IsAsciiLetterUpper(name[i])
        && (char.IsAsciiLetterLower(name[i - 1]) || char.IsAsciiDigit(name[i - 1])
            || (char.IsAsciiLetterUpper(name[i - 1]) && i + 1 < name.Length && char.IsAsciiLetterLower(name[i + 1])));

    private static void Separate(RenderBuffer output)
    {
        if (output.Length > 0 && output.Written[^1] != '_')
            output.Append('_');
    }

    // Over a normalized name: a sensitive term as a whole word or words.
    [GeneratedRegex(
        "(?:^|_)(?:authorization|cookie|credential|password|passwd|secret|signature|token|api_?key|access_?key|private_?key|client_?secret"
        + "|email|phone|telephone|mobile|address|date_?of_?birth|dob|ssn|card(?:_?(?:number|no))?|cvv[0-9]*|cvc[0-9]*|callback_url|redirect_uri)(?:$|_)",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex SensitiveName();
}
