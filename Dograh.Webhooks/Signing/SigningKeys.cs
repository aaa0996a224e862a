using System.Globalization;
using System.Text.Unicode;

namespace Dograh.Webhooks.Signing;

/// <summary>What a delivery is signed with at this moment: every active secret of its node, or else of its organization, newest first.</summary>
public sealed class SigningKeys
{
    // A uuid, a dot, the seconds, a dot.
    private const int HeadBytes = 36 + 1 + 20 + 1;

    private readonly IReadOnlyList<SigningKey> _keys;

    internal SigningKeys(IReadOnlyList<SigningKey> keys) => _keys = keys;

    /// <summary>Opens secrets' texts, newest first.</summary>
    /// <exception cref="FormatException">One of them is not one of its algorithm.</exception>
    public static SigningKeys Open(params IEnumerable<(string Algorithm, string Text)> secrets) =>
        new(secrets.Select(secret => SigningKey.Open(secret.Algorithm, secret.Text)).ToList());

    /// <summary>Stands for secrets that cannot be opened just now: nothing may be sent without them.</summary>
    public static SigningKeys Unreadable { get; } = new([]);

    /// <summary>Whether there is anything to sign with.</summary>
    public bool IsReadable => _keys.Count > 0;

    /// <summary>The value of <c>webhook-signature</c>: Standard Webhooks' signatures of <c>id.timestamp.body</c>, separated by spaces.</summary>
    /// <param name="deliveryUuid">The value of <c>webhook-id</c>.</param>
    /// <param name="timestamp">The value of <c>webhook-timestamp</c>: Unix seconds.</param>
    /// <param name="body">The body's bytes; empty for a request without one.</param>
    /// <exception cref="InvalidOperationException">There is nothing to sign with.</exception>
    public string Sign(Guid deliveryUuid, long timestamp, ReadOnlySpan<byte> body)
    {
        if (!IsReadable) throw new InvalidOperationException("There is nothing to sign with.");
        Span<byte> buffer = stackalloc byte[HeadBytes];
        Utf8.TryWrite(buffer, CultureInfo.InvariantCulture, $"{deliveryUuid:D}.{timestamp}.", out var length);
        var head = buffer[..length];
        if (_keys.Count == 1) return _keys[0].Sign(head, body);
        var signatures = new string[_keys.Count];
        for (var i = 0; i < signatures.Length; i++) signatures[i] = _keys[i].Sign(head, body);
        return string.Join(' ', signatures);
    }
}
