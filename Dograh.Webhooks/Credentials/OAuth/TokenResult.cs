namespace Dograh.Webhooks.Credentials.OAuth;

/// <summary>What a delivery that needs a token gets: one of a closed set.</summary>
public abstract record TokenResult
{
    private TokenResult()
    {
    }

    /// <summary>A token to send.</summary>
    public sealed record Usable : TokenResult
    {
        /// <summary>The token: a secret. Never log it.</summary>
        public required string Token { get; init; }

        /// <summary>The same as its row has it: which one is to be renewed.</summary>
        public required byte[] EncryptedToken { get; init; }

        /// <summary>When it was fetched, by the database's clock.</summary>
        public required DateTimeOffset FetchedAt { get; init; }

        /// <summary>Whether it was fetched while the delivery waited for it.</summary>
        public bool IsFresh { get; init; }

        /// <summary>The header that it is sent in.</summary>
        public CredentialHeader Header => CredentialHeader.Bearer(Token);

        /// <summary>Hides the token from anything that prints the record.</summary>
        public override string ToString() => "***";
    }

    /// <summary>There is none just now.</summary>
    /// <param name="Delay">When to look again.</param>
    /// <param name="Error">Why; null if it is merely on its way.</param>
    public sealed record NotYet(TimeSpan Delay, string? Error) : TokenResult;

    /// <summary>The token endpoint gives none, and another try would meet the same.</summary>
    /// <param name="Reason">Why.</param>
    public sealed record Refused(string Reason) : TokenResult;

    /// <summary>None can be had for a reason of our own: the database is away, or the key ring is not ours.</summary>
    public sealed record OurFailure : TokenResult;
}
