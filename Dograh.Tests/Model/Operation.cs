using Dograh.Webhooks.Deliveries;

namespace Dograh.Tests.Model;

/// <summary>What somebody asks of the system. Deliveries are named by their slot, workers by their number.</summary>
internal abstract record Operation
{
    /// <summary>Completes a run, for the first time or again.</summary>
    public sealed record CompleteRun(int Owner) : Operation;

    /// <summary>Lets time pass.</summary>
    public sealed record PassTime(int Units) : Operation;

    /// <summary>A worker asks for some deliveries, due or not: a hint of the queue may be wrong.</summary>
    public sealed record ClaimSome(int Worker, int SlotBits) : Operation;

    /// <summary>A worker looks for what is due, and asks for that.</summary>
    public sealed record ClaimDue(int Worker) : Operation;

    /// <summary>A worker tells of a claim of its own; 0 is its latest one.</summary>
    public sealed record Tell(int Worker, int Ago, ModelOutcome Outcome) : Operation;

    /// <summary>A worker tells of its latest claim of each delivery, in one batch.</summary>
    public sealed record TellAll(int Worker, ModelOutcome Outcome) : Operation;

    /// <summary>A delivery's owner replays it.</summary>
    public sealed record Replay(int Slot) : Operation;

    /// <summary>An owner replays all that are in a state.</summary>
    public sealed record ReplayAll(int Owner, DeliveryStatus Status) : Operation;

    /// <summary>A delivery's owner cancels it.</summary>
    public sealed record Cancel(int Slot) : Operation;

    /// <summary>Another organization tries to replay or to cancel it.</summary>
    public sealed record Trespass(int Slot, string What) : Operation;
}
