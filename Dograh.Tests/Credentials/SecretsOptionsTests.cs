using Dograh.Webhooks.Credentials;

namespace Dograh.Tests.Credentials;

public sealed class SecretsOptionsTests
{
    [Fact]
    public void A_master_key_is_the_base64_of_32_bytes()
    {
        var key = Enumerable.Range(0, 32).Select(n => (byte)n).ToArray();

        Assert.Equal(key, new SecretsOptions { MasterKey = $" {Convert.ToBase64String(key)}\n" }.DecodeMasterKey());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("  ")]
    public void A_missing_one_is_named_and_how_to_make_one_told(string? key)
    {
        var failure = Assert.Single(new SecretsOptionsValidator().Validate(null, new SecretsOptions { MasterKey = key }).Failures!);

        Assert.StartsWith("Secrets:MasterKey (SECRETS_MASTER_KEY) is not set.", failure, StringComparison.Ordinal);
        Assert.Contains("openssl rand -base64 32", failure, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("not base64 at all!")]
    [InlineData("c2hvcnQ=")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public void An_unusable_one_is_named_and_never_quoted(string key)
    {
        var failure = Assert.Single(new SecretsOptionsValidator().Validate(null, new SecretsOptions { MasterKey = key }).Failures!);

        Assert.Equal("Secrets:MasterKey (SECRETS_MASTER_KEY) must be the base64 of exactly 32 bytes, and is not.", failure);
    }

    [Fact]
    public void The_keys_of_before_are_separated_by_commas()
    {
        var (one, two) = (Convert.ToBase64String(new byte[32]), Convert.ToBase64String(Enumerable.Repeat((byte)7, 32).ToArray()));

        Assert.Equal([new byte[32], Enumerable.Repeat((byte)7, 32).ToArray()], new SecretsOptions { PreviousMasterKeys = $" {one},{two} ," }.DecodePreviousMasterKeys());
        Assert.Empty(new SecretsOptions().DecodePreviousMasterKeys());
    }

    [Fact]
    public void One_of_them_that_is_unusable_is_named_by_its_number_and_never_quoted()
    {
        var options = new SecretsOptions { MasterKey = Convert.ToBase64String(new byte[32]), PreviousMasterKeys = $"{Convert.ToBase64String(new byte[32])},c2hvcnQ=" };

        var failure = Assert.Single(new SecretsOptionsValidator().Validate(null, options).Failures!);

        Assert.Equal("Secrets:PreviousMasterKeys (SECRETS_PREVIOUS_MASTER_KEYS) must be keys, separated by commas, each the base64 of exactly 32 bytes; number 2 is not.", failure);
    }
}
