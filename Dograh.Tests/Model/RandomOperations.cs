using CsCheck;
using Dograh.Webhooks.Deliveries;

namespace Dograh.Tests.Model;

/// <summary>Operations at random, each as often as it takes for the interesting states to be met.</summary>
internal static class RandomOperations
{
    private static readonly Gen<int> Slot = Gen.Int[0, Slots.Count - 1];
    private static readonly Gen<int> Owner = Gen.Int[0, Slots.Organizations - 1];
    private static readonly Gen<int> Worker = Gen.Int[0, Slots.Workers - 1];
    private static readonly Gen<int> Few = Gen.Int[0, 3];

    private static readonly Gen<ModelOutcome> Outcome = Gen.Frequency(
        (3, Gen.Const<ModelOutcome>(new ModelOutcome.Success())),
        (4, Gen.Const<ModelOutcome>(new ModelOutcome.Transient())),
        (1, Gen.Const<ModelOutcome>(new ModelOutcome.Permanent())),
        (1, Gen.Const<ModelOutcome>(new ModelOutcome.Unsendable())),
        (2, Few.Select(units => (ModelOutcome)new ModelOutcome.Deferred(units))),
        (1, Few.Select(units => (ModelOutcome)new ModelOutcome.Released(units))));

    private static readonly Gen<Operation> Single = Gen.Frequency(
        (2, Owner.Select(owner => (Operation)new Operation.CompleteRun(owner))),
        (5, Gen.Int[1, 4].Select(units => (Operation)new Operation.PassTime(units))),
        (5, Gen.Select(Worker, Gen.Int[1, (1 << Slots.Count) - 1], (worker, slots) => (Operation)new Operation.ClaimSome(worker, slots))),
        (5, Worker.Select(worker => (Operation)new Operation.ClaimDue(worker))),
        (8, Gen.Select(Worker, Few, Outcome, (worker, ago, outcome) => (Operation)new Operation.Tell(worker, ago, outcome))),
        (2, Gen.Select(Worker, Outcome, (worker, outcome) => (Operation)new Operation.TellAll(worker, outcome))),
        (3, Slot.Select(slot => (Operation)new Operation.Replay(slot))),
        (2, Slot.Select(slot => (Operation)new Operation.Cancel(slot))),
        (1, Gen.Select(Slot, Gen.OneOf("replay", "cancel"), (slot, what) => (Operation)new Operation.Trespass(slot, what))));

    private static readonly Gen<Operation> Bulk = Gen.Select(
        Owner, Gen.OneOf(DeliveryStatus.Succeeded, DeliveryStatus.DeadLetter, DeliveryStatus.Cancelled),
        (owner, status) => (Operation)new Operation.ReplayAll(owner, status));

    // Six leases in a row that end without a word are rare among random operations, and poison is what they make.
    private static readonly Gen<Operation[]> Silence = Gen.Select(
        Worker, Gen.Int[2, 7], (worker, times) => Enumerable.Repeat<Operation[]>([new Operation.ClaimDue(worker), new Operation.PassTime(ModelTime.Lease)], times).SelectMany(x => x).ToArray());

    private static readonly Gen<Operation[]> Start = Gen.Const<Operation[]>([new Operation.CompleteRun(0), new Operation.CompleteRun(1)]);

    /// <summary>One after the other.</summary>
    public static readonly Gen<Operation[]> Sequence =
        from start in Start
        from rest in Gen.Frequency((36, Single.Select(one => new[] { one })), (1, Bulk.Select(one => new[] { one })), (1, Silence)).Array[0, 40]
        select start.Concat(rest.SelectMany(x => x)).ToArray();

    /// <summary>Some one after the other, and then rounds in which each actor does some while the others do theirs.</summary>
    /// <remarks>A bulk replay asks about all deliveries and then writes each, so it is no event of one moment; it has no part in this.</remarks>
    public static readonly Gen<(Operation[] First, Operation[][][] Rounds)> Concurrent = Gen.Select(
        Single.Array[0, 12].Select(Start, (first, start) => start.Concat(first).ToArray()), Single.Array[1, 4].Array[Slots.Workers].Array[1, 3]);
}
