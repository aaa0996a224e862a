using System.Text;
using Dograh.Webhooks.Credentials.OAuth;

namespace Dograh.Tests.Credentials;

public sealed class TokenAnswerTests
{
    [Theory]
    [InlineData("""{"access_token": "t", "token_type": "Bearer", "expires_in": 60}""", 60)]
    [InlineData("""{"access_token": "t", "token_type": "bEARER", "expires_in": "60", "scope": "a b"}""", 60)]
    [InlineData("""{"access_token": "t", "token_type": null, "expires_in": 59.5}""", 59.5)]
    [InlineData("""{"access_token": "t"}""", 300)]
    [InlineData("""{"access_token": "t", "expires_in": null}""", 300)]
    [InlineData("""{"access_token": "t", "expires_in": "soon"}""", 300)]
    [InlineData("""{"access_token": "t", "expires_in": 0}""", 0)]
    [InlineData("""{"access_token": "t", "expires_in": -1e308}""", 0)]
    [InlineData("""{"access_token": "t", "expires_in": "NaN"}""", 0)]
    [InlineData("""{"access_token": "t", "expires_in": 1e308}""", 86_400)]
    [InlineData("""{"access_token": "t", "expires_in": 1e999}""", 86_400)]
    public void A_token_is_read_with_how_long_it_lasts(string answer, double seconds) =>
        Assert.Equal(("t", TimeSpan.FromSeconds(seconds)), TokenAnswer.Read(Encoding.UTF8.GetBytes(answer), out _));

    [Theory]
    [InlineData("", "it is no JSON")]
    [InlineData("access_token=t", "it is no JSON")]
    [InlineData("[]", "it is no JSON object")]
    [InlineData("{}", "it has no access_token")]
    [InlineData("""{"access_token": 7}""", "it has no access_token")]
    [InlineData("""{"access_token": ""}""", "its access_token cannot be sent in a header")]
    [InlineData("""{"access_token": "a b"}""", "its access_token cannot be sent in a header")]
    [InlineData("""{"access_token": "a\r\nX-Evil: 1"}""", "its access_token cannot be sent in a header")]
    [InlineData("""{"access_token": "é"}""", "its access_token cannot be sent in a header")]
    [InlineData("""{"access_token": "\ud800"}""", "it is no JSON")]
    [InlineData("""{"access_token": "t", "token_type": "mac"}""", "its token_type is not Bearer")]
    [InlineData("""{"access_token": "t", "token_type": 7}""", "its token_type is not Bearer")]
    public void What_cannot_be_used_is_told_and_not_repeated(string answer, string fault)
    {
        Assert.Null(TokenAnswer.Read(Encoding.UTF8.GetBytes(answer), out var found));
        Assert.Equal(fault, found);
    }

    [Theory]
    [InlineData("""{"error": "invalid_client"}""", "invalid_client")]
    [InlineData("""{"error": "the secret s3cret is wrong"}""", null)]
    [InlineData("""{"error": {"code": "invalid_client"}}""", null)]
    [InlineData("""{"error": "\udc00"}""", null)]
    [InlineData("invalid_client", null)]
    public void Of_a_refusal_only_the_codes_of_the_standard_are_repeated(string answer, string? code) =>
        Assert.Equal(code, TokenAnswer.ReadError(Encoding.UTF8.GetBytes(answer)));
}
