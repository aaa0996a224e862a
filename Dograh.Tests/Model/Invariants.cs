using System.Security.Cryptography;
using Dograh.Webhooks.Deliveries;

namespace Dograh.Tests.Model;

/// <summary>What the design says is always so (I1 to I8), told by the rows and the answers alone: not by the model, which could be wrong in the same way.</summary>
internal sealed class Invariants
{
    private readonly ObservedDelivery?[] _before = new ObservedDelivery?[Slots.Count];
    private readonly HashSet<int> _completed = [];
    private readonly HashSet<(int Slot, long Token)> _tokens = [];
    private readonly HashSet<(int Slot, long Token)> _failed = [];

    /// <summary>Looks at what has happened since the last time, and at the rows as they are now.</summary>
    /// <param name="happenings">In any order.</param>
    /// <param name="replayedInBulk">The owner of what a bulk replay has replayed; null if there was none.</param>
    /// <param name="now">The rows by slot.</param>
    public void Check(IReadOnlyCollection<Happening> happenings, int? replayedInBulk, ObservedDelivery?[] now)
    {
        foreach (var happening in happenings) Check(happening);
        for (var slot = 0; slot < now.Length; slot++)
        {
            var replayed = replayedInBulk == Slots.OwnerOf(slot)
                || happenings.Any(x => x.Slot == slot && x is { Event: DeliveryEvent.Replayed, Answer: "done" });
            var wasPassed = happenings.Any(x => x.Slot == slot && x.Event is DeliveryEvent.Passed);
            if (now[slot] is { } row) Check(slot, row, replayed, happenings.Where(x => x.Slot == slot).ToList(), wasPassed);
            else Assert.False(_completed.Contains(slot), $"I1: delivery {slot} was acknowledged, and is not there.");
            _before[slot] = now[slot];
        }
    }

    private void Check(Happening happening)
    {
        switch (happening)
        {
            case { Event: DeliveryEvent.Created }:
                _completed.Add(happening.Slot);
                break;
            case { Claim: { } claim }:
                Assert.True(_tokens.Add((happening.Slot, claim.Token)), $"I3: token {claim.Token} of delivery {happening.Slot} was given out twice.");
                if (_before[happening.Slot] is { } before)
                {
                    var hash = Convert.ToHexStringLower(SHA256.HashData(claim.Payload));
                    Assert.True(hash == before.PayloadHash, $"I7: the body of delivery {happening.Slot} has changed.");
                    Assert.True(claim.AttemptNumber > before.State.Attempts, $"I7: the attempt number of delivery {happening.Slot} has fallen.");
                }

                break;
            case { Event: DeliveryEvent.Told { Outcome: not ModelOutcome.Success, Claim: var claim }, Answer: "done" }:
                Assert.True(_failed.Add((happening.Slot, claim.Token)), $"I3: claim {claim.Token} of delivery {happening.Slot} was recorded twice.");
                break;
        }
    }

    private void Check(int slot, ObservedDelivery row, bool replayed, IReadOnlyList<Happening> happenings, bool wasPassed)
    {
        var state = row.State;
        Assert.True(row.IsListed, $"I1: delivery {slot} is in no list.");
        Assert.Equal(Enumerable.Range(1, state.Attempts), Numbers(state.Log));
        Assert.True(state.Attempts <= state.MaxAttempts, $"I8: {state.Attempts} attempts of {state.MaxAttempts} of delivery {slot}.");
        Assert.Equal(state.Status == DeliveryStatus.Succeeded, row.IsDelivered);
        if (state.LeasedBy is not null)
        {
            Assert.Equal(DeliveryStatus.Pending, state.Status);
            Assert.Contains((slot, (long)state.Claims), _tokens);
        }

        if (_before[slot] is not { } before) return;
        Assert.Equal((before.Key, before.Uuid, before.PayloadHash), (row.Key, row.Uuid, row.PayloadHash));
        Assert.True(state.Log.StartsWith(before.State.Log, StringComparison.Ordinal), $"I7: the attempts of delivery {slot} were {before.State.Log} and are {state.Log}.");
        Assert.True(state.Claims >= before.State.Claims, $"I3: the token of delivery {slot} has fallen.");

        var accepted = before.State.Status == DeliveryStatus.Succeeded
            || happenings.Any(x => x is { Event: DeliveryEvent.Told { Outcome: ModelOutcome.Success }, Answer: "done" });
        Assert.True(!accepted || replayed || state.Status == DeliveryStatus.Succeeded, $"I4: delivery {slot} was accepted and is {state.Status}.");

        var wasToBeHad = replayed || before.State.IsDue || wasPassed
            || happenings.Any(x => x is { Event: DeliveryEvent.Told { Outcome: ModelOutcome.Transient or ModelOutcome.Deferred or ModelOutcome.Released } });
        Assert.True(wasToBeHad || happenings.All(x => x.Claim is null), $"I5: delivery {slot} was claimed although it was {before.State}.");
        Assert.True(wasPassed || replayed || happenings.Count(x => x.Claim is not null) <= 1 + happenings.Count(x => x.Event is DeliveryEvent.Told), $"I3: delivery {slot} has two claims.");
    }

    private static IEnumerable<int> Numbers(string log) =>
        log.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(attempt => int.Parse(attempt[..attempt.IndexOf(':', StringComparison.Ordinal)]));
}
