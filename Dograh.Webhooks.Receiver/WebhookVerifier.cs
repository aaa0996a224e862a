using System.Globalization;
using System.Text;

namespace Dograh.Webhooks.Receiver;

/// <summary>Verifies webhooks as Standard Webhooks has it. One serves all requests.</summary>
/// <remarks>
/// Give it every secret that may be in use: during a rotation the old and the new one. <c>whsec_…</c> verifies <c>v1</c> signatures, <c>whpk_…</c> verifies <c>v1a</c>.
/// What is verified are the bytes as they came: read the body raw, and parse it afterwards.
/// </remarks>
public sealed class WebhookVerifier
{
    /// <summary>How far the time of signing may be from now, unless told otherwise.</summary>
    public static readonly TimeSpan DefaultTolerance = TimeSpan.FromMinutes(5);

    private readonly List<WebhookKey> _keys;
    private readonly TimeSpan _tolerance;
    private readonly TimeProvider _time;

    /// <summary>Makes a verifier.</summary>
    /// <param name="secrets">The secrets and public keys, any of which may have signed.</param>
    /// <param name="tolerance">How far the time of signing may be from now; 5 minutes if null.</param>
    /// <param name="time">The clock; the machine's if null.</param>
    /// <exception cref="ArgumentException">There is no secret.</exception>
    /// <exception cref="FormatException">One of them is none; the message never quotes it.</exception>
    public WebhookVerifier(IEnumerable<string> secrets, TimeSpan? tolerance = null, TimeProvider? time = null)
    {
        _keys = secrets.Select(WebhookKey.Parse).ToList();
        if (_keys.Count == 0) throw new ArgumentException("Without a secret nothing can be verified.", nameof(secrets));
        _tolerance = tolerance ?? DefaultTolerance;
        _time = time ?? TimeProvider.System;
    }

    /// <summary>Makes a verifier.</summary>
    /// <param name="secrets">The secrets and public keys, any of which may have signed.</param>
    public WebhookVerifier(params string[] secrets) : this((IEnumerable<string>)secrets)
    {
    }

    /// <summary>Verifies a webhook.</summary>
    /// <param name="id">The header <c>webhook-id</c>.</param>
    /// <param name="timestamp">The header <c>webhook-timestamp</c>.</param>
    /// <param name="signatures">The header <c>webhook-signature</c>: one or more, separated by spaces.</param>
    /// <param name="body">The body's bytes as they came; none for a request without a body.</param>
    /// <exception cref="WebhookVerificationException">It is not what it claims to be.</exception>
    public void Verify(string? id, string? timestamp, string? signatures, ReadOnlyMemory<byte> body)
    {
        if (Judge(id, timestamp, signatures, body) is not WebhookVerdict.Valid and var verdict) throw new WebhookVerificationException(verdict);
    }

    /// <summary>The same without an exception.</summary>
    public WebhookVerdict Judge(string? id, string? timestamp, string? signatures, ReadOnlyMemory<byte> body)
    {
        if (string.IsNullOrEmpty(id) || string.IsNullOrEmpty(timestamp) || string.IsNullOrEmpty(signatures)) return WebhookVerdict.HeaderMissing;
        if (!long.TryParse(timestamp, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)) return WebhookVerdict.TimestampMalformed;
        var age = _time.GetUtcNow().ToUnixTimeSeconds() - (decimal)seconds;
        if (age > (decimal)_tolerance.TotalSeconds) return WebhookVerdict.TimestampTooOld;
        if (-age > (decimal)_tolerance.TotalSeconds) return WebhookVerdict.TimestampTooNew;

        var head = Encoding.UTF8.GetBytes($"{id}.{timestamp}.");
        var candidates = signatures.Split(' ').Select(Read).ToList();
        foreach (var key in _keys)
        {
            if (candidates.TrueForAll(candidate => candidate.Version != key.Version)) continue;
            var matches = key.Against(head, body);
            if (candidates.Exists(candidate => candidate.Version == key.Version && matches(candidate.Signature))) return WebhookVerdict.Valid;
        }

        return WebhookVerdict.SignatureWrong;
    }

    // What is none, or of a version that is not known here, matches nothing.
    private static (string Version, byte[] Signature) Read(string signature)
    {
        var comma = signature.IndexOf(',', StringComparison.Ordinal);
        if (comma < 0) return ("", []);
        var bytes = new byte[signature.Length];
        return Convert.TryFromBase64String(signature[(comma + 1)..], bytes, out var length) ? (signature[..comma], bytes[..length]) : ("", []);
    }
}
