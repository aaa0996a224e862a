namespace Dograh.Tests.Model;

/// <summary>What a worker may have to tell of a claim. Silence is one too: it says nothing, and the lease ends.</summary>
internal abstract record ModelOutcome
{
    /// <summary>A 2xx.</summary>
    public sealed record Success : ModelOutcome;

    /// <summary>A 503.</summary>
    public sealed record Transient : ModelOutcome;

    /// <summary>A 410.</summary>
    public sealed record Permanent : ModelOutcome;

    /// <summary>Its own data was at fault, and nothing was sent.</summary>
    public sealed record Unsendable : ModelOutcome;

    /// <summary>The receiver is not to be asked just now.</summary>
    public sealed record Deferred(int Units) : ModelOutcome;

    /// <summary>Our own failure.</summary>
    public sealed record Released(int Units) : ModelOutcome;
}
