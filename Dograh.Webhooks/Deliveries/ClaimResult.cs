namespace Dograh.Webhooks.Deliveries;

/// <summary>What a claim got.</summary>
/// <param name="Claimed">The deliveries to attempt, by key.</param>
/// <param name="Poisoned">Those that were dead-lettered in place of being claimed.</param>
public sealed record ClaimResult(IReadOnlyList<ClaimedDelivery> Claimed, IReadOnlyList<ClaimedDelivery> Poisoned);
