using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using CsCheck;

namespace Dograh.Tests.Fuzz;

/// <summary>Input that is nearly right: valid texts, some of whose parts are another's, gone, doubled, or such as breaks parsers.</summary>
internal static partial class Hostile
{
    private static readonly string[] Texts =
    [
        "", " ", "\0", "a\0b", "\u0001", "\u001f", "\u007f", "\u0085", "\u2028", "\ufeff", "\ufffe", "\uffff", "\u202e", "é", "🎉", "a\u0301", "İ", "ß", "\r\n", "\t", "\\", "\"", "'", "`", "<script>", "%00", "%0d%0a", "%s%n", "${x}", "../..",
        "{{", "}}", "{{}}", "{{ }}", "{{a", "a}}", "{{a}}", "{{a.b.c}}", "{{ a | b }}", "{{a|}}", "{{a | }}", "{{a|fallback}}", "{{a|fallback:}}", "{{a|fallback:x}}", "{{a|:x}}", "{{{{a}}}}", "{{{a}}}", "{{a{{b}}c}}", "{{.}}", "{{..}}", "{{a.}}",
        "{{current_time}}", "{{current_time_}}", "{{current_time_Europe/Berlin}}", "{{current_weekday_../../etc/passwd}}", "{{gathered_context}}", "{{gathered_context.x}}", "{{gathered_context.x | gathered_context.y}}", "\\n", "\\\\n", "call_disposition",
        "http://127.0.0.1/", "https://a.example/{{gathered_context.x}}", "https://{{gathered_context.x}}.example/", "https://a.example:{{gathered_context.x}}/", "http://[::1]/", "http://2130706433/", "https://u:p@a.example/", "//a.example", "https://",
        "https://a.example/?{{gathered_context.x}}#{{gathered_context.y}}", "https://a.example:99999/", "https://xn--a/", "https://ünï.example/\u202e", "javascript:alert(1)", "file:///etc/passwd",
        "true", "null", "0", "-1", "9223372036854775807", "9223372036854775808", "1e999", "NaN", "2026-01-31T12:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.9999999-14:00", "2026-02-30", "10000-01-01", "00000000-0000-0000-0000-000000000000",
        "webhook", "other", "POST", "post", "CONNECT", "dead_letter", "succeeded", "pending", "none", "bearer_token", "basic_auth", "custom_header", "api_key", "Host", "Content-Length", "X-A", "authorization", "__proto__", "constructor", "$type", "$ref",
        new('a', 256), new('a', 1001), new('é', 5000), new('{', 3000), string.Concat(Enumerable.Repeat("{{", 1500)), string.Concat(Enumerable.Repeat("{{a}}", 500)), string.Concat(Enumerable.Repeat("\\n", 500)),
    ];

    private static readonly string[] Tokens =
    [
        "1e999", "-1e999", "1e-999", "-0", "0.1e1000000", "1E400", "1e99999999999999999999", "9223372036854775807", "9223372036854775808", "-9223372036854775809", "0", "-1", "1.0", "0.1", "1e2", "2147483648", new string('9', 400), $"0.{new string('0', 400)}1",
        "01", "+1", ".5", "1.", "0x10", "NaN", "Infinity", "-Infinity", "-", "1e", "true", "false", "null", "True", "nul", "undefined", "[]", "{}", "[[]]", "[{}]", "{\"\":\"\"}", "{\"a\":1,\"a\":2}", "{\"a\":{\"b\":[1,2,{\"c\":null}]}}", "[1,2,3]",
        "\"\\u0000\"", "\"\\ud800\"", "\"\\udc00\\ud800\"", "\"\\ud83d\\ude00\"", "\"\\uD83D\"", "\"\\x\"", "\"\\u12\"", "\"", "'a'", "{\"\\u0000\":1}", "{\"\\ud800\":1}", "{\"\\u0000a\":{\"\\u0000\":\"\\u0000\"}}", "", ",", ":", "{", "}", "[", "]", ",,", "//c\n", "/*c*/", "\ufeff", "\0", "\u001f",
        Nested(20), Nested(56), Nested(62), Nested(63), Nested(64), Nested(65), Nested(1000), Nested(10_000), new string('[', 10_000), $"[{string.Join(',', Enumerable.Repeat("0", 2000))}]",
    ];

    /// <summary>A text that somebody may give for another.</summary>
    public static readonly Gen<string> Text = Gen.Frequency(
        (6, Gen.OneOf(Texts)), (2, Gen.OneOf(Texts).Array[1, 4].Select(string.Concat)), (1, Gen.String.Where(text => !text.AsSpan().ContainsAnyInRange('\ud800', '\udfff'))), (1, Gen.Long.Select(number => $"{number}")));

    // A token as it stands in JSON, sound or not.
    private static readonly Gen<string> Token = Gen.Frequency((2, Gen.OneOf(Tokens)), (3, Text.Select(text => JsonSerializer.Serialize(text))));

    private static readonly Gen<(double At, int How, string Token)> Change = Gen.Select(Gen.Double[0, 0.9999], Gen.Int[0, 9], Token);

    /// <summary>A valid JSON text, changed in up to four places.</summary>
    public static Gen<string> Mutated(string json) => Change.Array[0, 4].Select(changes => changes.Aggregate(json, Apply));

    /// <summary>The bytes of a text, seldom with some of them changed, so that they may be no text any more.</summary>
    public static Gen<byte[]> Bytes(Gen<string> text) => Gen.Select(text, Gen.Select(Gen.Double[0, 0.9999], Gen.Byte).Array[0, 2], Gen.Int[0, 7], (one, changes, rarely) =>
    {
        var bytes = Encoding.UTF8.GetBytes(one);
        if (rarely > 0 || bytes.Length == 0) return bytes;
        foreach (var (at, to) in changes) bytes[(int)(at * bytes.Length)] = to;
        return bytes;
    });

    private static string Apply(string json, (double At, int How, string Token) change)
    {
        var tokens = JsonToken().Matches(json);
        if (tokens.Count == 0) return change.Token;
        var token = tokens[(int)(change.At * tokens.Count)];
        var (before, after) = (json[..token.Index], json[(token.Index + token.Length)..]);
        return change.How switch
        {
            0 => before + after, // gone
            1 => before + token.Value + token.Value + after, // twice
            2 => before + change.Token + token.Value + after, // something before it
            3 when token.Value == "{" => $"{before}{{\"a\":{change.Token},{after}", // one more member
            4 when token.Value == "{" => $"{before}{{{change.Token}:1,{after}",
            5 => json[..(int)(change.At * json.Length)], // cut off
            // Mostly a value for a value: what is between stays sound, and the rest is looked at too.
            _ when token.Length > 1 || char.IsAsciiLetterOrDigit(token.Value[0]) => before + change.Token + after,
            _ => json,
        };
    }

    private static string Nested(int depth) => new string('[', depth) + new string(']', depth);

    [GeneratedRegex("\"(\\\\.|[^\"\\\\])*\"|[{}\\[\\]:,]|[^\\s{}\\[\\]:,\"]+", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex JsonToken();
}
