using Dograh.Webhooks.Deliveries;

namespace Dograh.Worker;

/// <summary>What is to be recorded of a claim: either an outcome or a claim given back.</summary>
/// <param name="Delivery">The delivery as claimed.</param>
/// <param name="Record">The outcome; null if the claim is given back.</param>
/// <param name="Return">The claim given back; null if there is an outcome.</param>
internal sealed record DeliveryOutcome(ClaimedDelivery Delivery, AttemptRecord? Record, ReturnedClaim? Return)
{
    /// <summary>Called when the outcome is recorded, or can be recorded no more.</summary>
    public Action? WhenRecorded { get; set; }
}
