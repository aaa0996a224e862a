using Dograh.Webhooks.Deliveries;

namespace Dograh.Tests.Model;

/// <summary>An event as the system answered it.</summary>
/// <param name="Slot">Which delivery.</param>
/// <param name="Event">What happened to it.</param>
/// <param name="Answer">What the system said, in the model's words.</param>
/// <param name="Asked">When it was asked, and <paramref name="Told"/> when it had answered: somewhere between the two it happened.</param>
/// <param name="Told">See above.</param>
internal sealed record Happening(int Slot, DeliveryEvent Event, string Answer, long Asked, long Told)
{
    /// <summary>What a worker was given, if it was given something.</summary>
    public ClaimedDelivery? Claim { get; init; }

    public override string ToString() => $"[{Asked}-{Told}] delivery {Slot}: {Event} → {Answer}";
}
