namespace Dograh.Tests.Model;

/// <summary>What a worker got when it asked for a delivery, and has to show when it speaks of it.</summary>
/// <param name="Token">The claim's fencing token; 0 if there is no claim.</param>
/// <param name="Attempt">The number of the attempt that it is for.</param>
/// <param name="MaxAttempts">The attempts that were allowed then.</param>
internal sealed record ModelClaim(long Token, int Attempt, int MaxAttempts)
{
    /// <summary>It was not to be had.</summary>
    public static readonly ModelClaim None = new(0, 0, 0);

    /// <summary>It was dead-lettered in place of being claimed.</summary>
    public static readonly ModelClaim Poison = new(0, -1, -1);

    public override string ToString() => this == None ? "not claimed" : this == Poison ? "poison" : $"claim {Token} for attempt {Attempt} of {MaxAttempts}";
}
