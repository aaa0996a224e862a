using System.Text;
using Dograh.Webhooks.Receiver;
using Dograh.Webhooks.Signing;
using Microsoft.Extensions.Time.Testing;

namespace Dograh.Tests.Receiving;

public sealed class WebhookVerifierTests
{
    private const string Id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    private const string Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    private const string Signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    private const long SignedAt = 1614265330;

    private static readonly byte[] Body = """{"test": 2432232314}"""u8.ToArray();

    private readonly FakeTimeProvider _time = new(DateTimeOffset.FromUnixTimeSeconds(SignedAt));

    [Fact]
    public void The_specifications_example_is_valid()
    {
        Assert.Equal(WebhookVerdict.Valid, Verifier(Secret).Judge(Id, $"{SignedAt}", Signature, Body));
        Verifier(Secret).Verify(Id, $"{SignedAt}", Signature, Body);
    }

    [Theory]
    [InlineData(-301, WebhookVerdict.TimestampTooNew)]
    [InlineData(-300, WebhookVerdict.Valid)]
    [InlineData(300, WebhookVerdict.Valid)]
    [InlineData(301, WebhookVerdict.TimestampTooOld)]
    public void Five_minutes_are_tolerated_either_way(int age, WebhookVerdict expected)
    {
        _time.AdjustTime(DateTimeOffset.FromUnixTimeSeconds(SignedAt + age));

        Assert.Equal(expected, Verifier(Secret).Judge(Id, $"{SignedAt}", Signature, Body));
    }

    [Theory]
    [InlineData(null, "1614265330", Signature, WebhookVerdict.HeaderMissing)]
    [InlineData(Id, "", Signature, WebhookVerdict.HeaderMissing)]
    [InlineData(Id, "1614265330", null, WebhookVerdict.HeaderMissing)]
    [InlineData(Id, "yesterday", Signature, WebhookVerdict.TimestampMalformed)]
    [InlineData(Id, "1614265330.0", Signature, WebhookVerdict.TimestampMalformed)]
    [InlineData(Id, " 1614265330", Signature, WebhookVerdict.TimestampMalformed)]
    [InlineData(Id, "99999999999999999999", Signature, WebhookVerdict.TimestampMalformed)]
    [InlineData(Id, "9223372036854775807", Signature, WebhookVerdict.TimestampTooNew)]
    [InlineData("another", "1614265330", Signature, WebhookVerdict.SignatureWrong)]
    [InlineData(Id, "1614265331", Signature, WebhookVerdict.SignatureWrong)]
    [InlineData(Id, "1614265330", "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", WebhookVerdict.SignatureWrong)]
    [InlineData(Id, "1614265330", "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", WebhookVerdict.SignatureWrong)]
    [InlineData(Id, "1614265330", "v1a,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", WebhookVerdict.SignatureWrong)]
    [InlineData(Id, "1614265330", "v1,", WebhookVerdict.SignatureWrong)]
    [InlineData(Id, "1614265330", "v1,g0hM", WebhookVerdict.SignatureWrong)]
    [InlineData(Id, "1614265330", " , ,, v1", WebhookVerdict.SignatureWrong)]
    public void What_is_not_signed_right_is_refused_for_its_reason(string? id, string? timestamp, string? signature, WebhookVerdict expected)
    {
        Assert.Equal(expected, Verifier(Secret).Judge(id, timestamp, signature, Body));
        Assert.Equal(expected, Assert.Throws<WebhookVerificationException>(() => Verifier(Secret).Verify(id, timestamp, signature, Body)).Verdict);
    }

    [Fact]
    public void Any_of_several_signatures_and_any_of_several_secrets_will_do()
    {
        var verifier = Verifier(SigningSecretText.CreateSecret(), Ed25519Key.CreatePair().PublicKey, Secret);

        Assert.Equal(WebhookVerdict.Valid, verifier.Judge(Id, $"{SignedAt}", $"v1,AAAA v9,unknown v1a,AAAA {Signature}", Body));
    }

    [Fact]
    public void Every_changed_bit_of_a_body_is_noticed()
    {
        var pair = Ed25519Key.CreatePair();
        var head = Encoding.ASCII.GetBytes($"{Id}.{SignedAt}.");
        var asymmetric = SigningKey.Open("v1a", pair.PrivateKey).Sign(head, Body);
        for (var bit = 0; bit < Body.Length * 8; bit++)
        {
            var changed = Body.ToArray();
            changed[bit / 8] ^= (byte)(1 << (bit % 8));

            Assert.Equal(WebhookVerdict.SignatureWrong, Verifier(Secret).Judge(Id, $"{SignedAt}", Signature, changed));
            Assert.Equal(WebhookVerdict.SignatureWrong, Verifier(pair.PublicKey).Judge(Id, $"{SignedAt}", asymmetric, changed));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("whsec_")]
    [InlineData("whsec_not base64, planted")]
    [InlineData("whpk_AAAA")]
    [InlineData("whsk_AAAA")]
    [InlineData("planted")]
    public void What_is_no_secret_is_refused_at_once_and_not_quoted(string text) =>
        Assert.DoesNotContain("planted", Assert.Throws<FormatException>(() => new WebhookVerifier(text)).ToString(), StringComparison.Ordinal);

    [Fact]
    public void Without_a_secret_there_is_no_verifier() => Assert.Throws<ArgumentException>(() => new WebhookVerifier());

    private WebhookVerifier Verifier(params IEnumerable<string> secrets) => new(secrets, time: _time);
}
