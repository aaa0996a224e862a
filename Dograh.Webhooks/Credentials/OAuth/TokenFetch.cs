namespace Dograh.Webhooks.Credentials.OAuth;

/// <summary>What came of asking a token endpoint: one of a closed set.</summary>
public abstract record TokenFetch
{
    private TokenFetch()
    {
    }

    /// <summary>It gave a token.</summary>
    /// <param name="Token">The token: a secret. Never log it.</param>
    /// <param name="Lifetime">How long it lasts from when it was asked for.</param>
    public sealed record Fetched(string Token, TimeSpan Lifetime) : TokenFetch
    {
        /// <summary>Hides the token from anything that prints the record.</summary>
        public override string ToString() => "***";
    }

    /// <summary>It will not give one, or may not be asked: another try would meet the same.</summary>
    /// <param name="Reason">Why; redacted.</param>
    public sealed record Refused(string Reason) : TokenFetch;

    /// <summary>It gives none just now.</summary>
    /// <param name="Error">Why; redacted.</param>
    /// <param name="RetryAfter">What it asked for with <c>Retry-After</c>.</param>
    public sealed record Unavailable(string Error, TimeSpan? RetryAfter) : TokenFetch;
}
