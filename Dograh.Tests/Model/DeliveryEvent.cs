namespace Dograh.Tests.Model;

/// <summary>Something that happens to one delivery. Each of the system's operations is one of these for every delivery that it touches.</summary>
/// <remarks>
/// A batch is one statement, but not one event: two batches may take the rows they share in either order. What each does to one row happens at
/// one moment.
/// </remarks>
internal abstract record DeliveryEvent
{
    /// <summary>What the model says to it.</summary>
    /// <param name="delivery">The delivery; null before it is created.</param>
    /// <returns>What it is then, and what is answered.</returns>
    public (ModelDelivery? Next, string Answer) Apply(ModelDelivery? delivery) => (this, delivery) switch
    {
        (Created created, null) => (ModelDelivery.Create(created.Attempts), "created"),
        (Created, not null) => (delivery, "existing"),
        (_, null) => (null, "there is none"),
        (Passed passed, _) => (delivery.Pass(passed.Units), ""),
        (LookedFor, _) => (delivery, delivery.IsDue ? "due" : "not due"),
        (Claimed claimed, _) => Answered(delivery.ClaimFor(claimed.Worker)),
        (Told told, _) => Answered(delivery.Tell(told.Claim, told.Outcome)),
        (Replayed, _) => Answered(delivery.Replay(dueIn: 0)),
        (Cancelled, _) => Answered(delivery.Cancel()),
        (OfAStranger, _) => (delivery, "there is none"),
        _ => throw new InvalidOperationException($"The model knows no {this}."),
    };

    private static (ModelDelivery Next, string Answer) Answered((ModelDelivery Next, ModelClaim Claim) told) => (told.Next, told.Claim.ToString());

    private static (ModelDelivery Next, string Answer) Answered((ModelDelivery Next, bool IsWritten) told) => (told.Next, told.IsWritten ? "done" : "refused");

    /// <summary>Its run is completed.</summary>
    public sealed record Created(int Attempts) : DeliveryEvent;

    /// <summary>Time passes.</summary>
    public sealed record Passed(int Units) : DeliveryEvent;

    /// <summary>A sweep, or a worker without Redis, looks for what is due.</summary>
    public sealed record LookedFor : DeliveryEvent;

    /// <summary>A worker asks for it.</summary>
    public sealed record Claimed(string Worker) : DeliveryEvent;

    /// <summary>A worker tells what came of a claim.</summary>
    public sealed record Told(ModelClaim Claim, ModelOutcome Outcome) : DeliveryEvent;

    /// <summary>Its owner replays it.</summary>
    public sealed record Replayed : DeliveryEvent;

    /// <summary>Its owner cancels it.</summary>
    public sealed record Cancelled : DeliveryEvent;

    /// <summary>Another organization asks for it, cancels or replays it.</summary>
    public sealed record OfAStranger(string What) : DeliveryEvent;
}
