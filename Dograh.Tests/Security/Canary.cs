using System.Text;

namespace Dograh.Tests.Security;

/// <summary>Where a planted text may be found.</summary>
[Flags]
internal enum Places
{
    /// <summary>Nowhere but at the receiver that it is meant for.</summary>
    Nowhere = 0,

    /// <summary>In PostgreSQL, for it is what has to be sent, or where to.</summary>
    Database = 1,

    /// <summary>In what the API answers to its owner.</summary>
    Answers = 2,
}

/// <summary>A text like no other, planted where a secret can enter, to be searched for where none may come out.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Value">The text.</param>
/// <param name="Allowed">Where it may be found all the same.</param>
internal sealed record Canary(string Name, string Value, Places Allowed = Places.Nowhere)
{
    private const int BitsOfByte = 8;
    private const int BitsOfBase64 = 6;

    private string[]? _shapes;

    /// <summary>The text as it is, in hexadecimal, as PostgreSQL prints bytes, and in base64 wherever in the encoded bytes it begins.</summary>
    public IReadOnlyList<string> Shapes => _shapes ??= [.. ShapesOf(Encoding.UTF8.GetBytes(Value)).Prepend(Value)];

    /// <summary>Whether a text holds it in any shape.</summary>
    public bool IsIn(string text) => Shapes.Any(shape => text.Contains(shape, StringComparison.Ordinal));

    /// <summary>The shapes of bytes.</summary>
    public static IEnumerable<string> ShapesOf(byte[] bytes)
    {
        yield return Convert.ToHexStringLower(bytes);
        for (var offset = 0; offset < 3; offset++)
        {
            // Only the characters that are made of the text's own bits, whatever stands before and behind it.
            var encoded = Convert.ToBase64String([.. new byte[offset], .. bytes]);
            var first = ((offset * BitsOfByte) + BitsOfBase64 - 1) / BitsOfBase64;
            var end = (offset + bytes.Length) * BitsOfByte / BitsOfBase64;
            yield return encoded[first..end];
            yield return encoded[first..end].Replace('+', '-').Replace('/', '_');
        }
    }
}
