namespace Dograh.Tests.Model;

/// <summary>Whether what was asked of a delivery by several at once could have happened one after the other.</summary>
/// <remarks>
/// Each event happened at one moment between being asked for and being answered (Herlihy and Wing, 1990). So there must be an order of them in which none comes
/// before one that was answered before it was asked for, in which the model answers as the system did, and which ends in the row as it is.
/// A history is linearizable if that of each single delivery is, so each is looked at by itself, and the search stays small.
/// </remarks>
internal static class Linearization
{
    /// <summary>Looks for such an order.</summary>
    /// <param name="before">The delivery before all of it; null if there was none.</param>
    /// <param name="happenings">What happened to it, at most 64.</param>
    /// <param name="after">The delivery afterwards.</param>
    public static bool Exists(ModelDelivery? before, IReadOnlyList<Happening> happenings, ModelDelivery? after)
    {
        Assert.InRange(happenings.Count, 0, 64);
        var seen = new HashSet<(ulong Done, ModelDelivery? State)>();
        return Search(0, before);

        bool Search(ulong done, ModelDelivery? state)
        {
            if (!seen.Add((done, state))) return false;
            var left = Enumerable.Range(0, happenings.Count).Where(n => (done & (1UL << n)) == 0).ToList();
            if (left.Count == 0) return ModelCase.Comparable(state) == after;
            var firstAnswer = left.Min(n => happenings[n].Told);
            foreach (var n in left)
            {
                if (happenings[n].Asked > firstAnswer) continue;
                var (next, answer) = happenings[n].Event.Apply(state);
                if (answer == happenings[n].Answer && Search(done | (1UL << n), next)) return true;
            }

            return false;
        }
    }
}
