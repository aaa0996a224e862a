using System.Security.Cryptography;
using System.Text;
using Dograh.Webhooks.Receiver;
using Dograh.Webhooks.Signing;

namespace Dograh.Tests.Signing;

public sealed class SigningKeysTests
{
    private static readonly Guid Id = new("0198c0de-7b1e-7c55-b1d4-2f6d1c0e9a11");
    private static readonly byte[] Body = """{"call_disposition":"ärger 🎉"}"""u8.ToArray();

    [Fact]
    public void A_v1_signature_is_the_one_of_the_specifications_example() => Assert.Equal(
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        SigningKey.Open("v1", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").Sign("msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330."u8, """{"test": 2432232314}"""u8));

    [Fact]
    public void What_is_signed_are_the_id_the_timestamp_and_the_body_with_dots_between_them()
    {
        var secret = SigningSecretText.CreateSecret();
        var bytes = Convert.FromBase64String(secret["whsec_".Length..]);

        var signature = Keys(("v1", secret)).Sign(Id, 1_700_000_000, Body);

        Assert.Equal("v1," + Convert.ToBase64String(HMACSHA256.HashData(bytes, Encoding.ASCII.GetBytes($"{Id}.1700000000.").Concat(Body).ToArray())), signature);
    }

    [Theory]
    [InlineData(0)]
    [InlineData((64 * 1024) - 48)]
    [InlineData((64 * 1024) - 47)]
    [InlineData(1024 * 1024)]
    public void A_body_is_signed_whole_however_long_it_is(int length)
    {
        var secret = SigningSecretText.CreateSecret();
        var body = Enumerable.Range(0, length).Select(n => (byte)(n % 251)).ToArray();
        byte[] signed = [.. Encoding.ASCII.GetBytes($"{Id}.1700000000."), .. body];

        Assert.Equal(
            "v1," + Convert.ToBase64String(HMACSHA256.HashData(Convert.FromBase64String(secret["whsec_".Length..]), signed)),
            Keys(("v1", secret)).Sign(Id, 1_700_000_000, body));
    }

    [Fact]
    public void Several_secrets_sign_side_by_side_in_their_order()
    {
        var (one, two) = (SigningSecretText.CreateSecret(), SigningSecretText.CreateSecret());
        var pair = Ed25519Key.CreatePair();

        var signatures = Keys(("v1", one), ("v1a", pair.PrivateKey), ("v1", two)).Sign(Id, 5, Body);

        Assert.Equal([Keys(("v1", one)).Sign(Id, 5, Body), Keys(("v1a", pair.PrivateKey)).Sign(Id, 5, Body), Keys(("v1", two)).Sign(Id, 5, Body)], signatures.Split(' '));
    }

    [Fact]
    public void A_v1a_signature_verifies_with_the_public_key_and_with_no_other()
    {
        var pair = Ed25519Key.CreatePair();
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        var signature = Keys(("v1a", pair.PrivateKey)).Sign(Id, now, Body);

        Assert.Equal(WebhookVerdict.Valid, new WebhookVerifier(pair.PublicKey).Judge(Id.ToString(), $"{now}", signature, Body));
        Assert.Equal(WebhookVerdict.SignatureWrong, new WebhookVerifier(Ed25519Key.CreatePair().PublicKey).Judge(Id.ToString(), $"{now}", signature, Body));
    }

    [Fact]
    public void Many_threads_sign_with_the_same_keys()
    {
        var keys = Keys(("v1", SigningSecretText.CreateSecret()), ("v1a", Ed25519Key.CreatePair().PrivateKey));
        var expected = keys.Sign(Id, 5, Body);

        var signed = Enumerable.Range(0, 2000).AsParallel().WithDegreeOfParallelism(8).Select(_ => keys.Sign(Id, 5, Body)).Distinct().ToList();

        Assert.Equal([expected], signed);
    }

    [Fact]
    public void With_nothing_to_sign_with_nothing_is_signed()
    {
        Assert.False(SigningKeys.Unreadable.IsReadable);
        Assert.Throws<InvalidOperationException>(() => SigningKeys.Unreadable.Sign(Id, 5, Body));
    }

    [Theory]
    [InlineData("v1", "whsk_AAAA")]
    [InlineData("v1", "whsec_not base64")]
    [InlineData("v1a", "whsk_AAAA")]
    [InlineData("v2", "whsec_AAAA")]
    public void A_text_that_is_no_secret_of_its_algorithm_does_not_open_and_the_error_does_not_quote_it(string algorithm, string text) =>
        Assert.DoesNotContain(text[6..], Assert.Throws<FormatException>(() => SigningKey.Open(algorithm, text)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_new_secret_has_32_bytes_and_is_like_no_other()
    {
        var secrets = Enumerable.Range(0, 100).Select(_ => SigningSecretText.CreateSecret()).ToList();

        Assert.Equal(100, secrets.Distinct().Count());
        Assert.All(secrets, secret => Assert.Equal(32, SigningSecretText.Read("whsec_", secret).Length));
    }

    [Theory]
    [InlineData(23, false)]
    [InlineData(24, true)]
    [InlineData(64, true)]
    [InlineData(65, false)]
    public void A_secret_that_is_brought_has_24_to_64_bytes(int bytes, bool isFine) =>
        Assert.Equal(isFine, SigningSecretText.FindFault(SigningSecretText.Write("whsec_", new byte[bytes])) is null);

    [Fact]
    public void Of_a_secret_four_characters_are_shown() => Assert.Equal("whsec_MfKQ…", SigningSecretText.Mask("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));

    private static SigningKeys Keys(params (string Algorithm, string Text)[] secrets) => new([.. secrets.Select(secret => SigningKey.Open(secret.Algorithm, secret.Text))]);
}
