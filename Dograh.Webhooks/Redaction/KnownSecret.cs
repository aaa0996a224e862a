using System.Text.Encodings.Web;

namespace Dograh.Webhooks.Redaction;

/// <summary>A secret that was sent and may come back: a receiver that says what it got must not have it stored.</summary>
/// <remarks>
/// <see cref="FailureMessage"/> knows secrets by what stands around them; of this one every character is known. Its shapes are those in which receivers say
/// again what they were sent: as it is, within JSON, percent-encoded.
/// </remarks>
public sealed class KnownSecret
{
    // What is shorter is guessed sooner than found, and would take half of every answer with it.
    private const int MinLength = 4;

    private readonly string[] _shapes;

    private KnownSecret(IEnumerable<string> secrets) => _shapes =
    [
        // The longest first: a shape may hold another.
        .. secrets.Where(secret => secret.Length >= MinLength).SelectMany(ShapesOf).Distinct(StringComparer.Ordinal).OrderByDescending(shape => shape.Length),
    ];

    /// <summary>The secret of texts, each of which is to be hidden.</summary>
    public static KnownSecret Of(params IEnumerable<string> secrets) => new(secrets);

    /// <summary>Replaces the secret wherever it stands.</summary>
    public string HideIn(string text)
    {
        foreach (var shape in _shapes) text = text.Replace(shape, FieldRedactor.Redacted, StringComparison.Ordinal);
        return text;
    }

    /// <summary>Tells nothing.</summary>
    public override string ToString() => FieldRedactor.Redacted;

    private static IEnumerable<string> ShapesOf(string secret) =>
    [
        secret,
        JavaScriptEncoder.Default.Encode(secret),
        JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(secret),
        JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(secret).Replace("/", "\\/", StringComparison.Ordinal),
        Uri.EscapeDataString(secret),
    ];
}
