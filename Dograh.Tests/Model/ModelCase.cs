using Dograh.Webhooks.Deliveries;

namespace Dograh.Tests.Model;

/// <summary>One test: the system and the model side by side, compared after every step.</summary>
internal sealed class ModelCase
{
    // A page of fewer rows than there are deliveries, so that the sweep turns pages.
    private const int SmallPage = 3;
    private const int OnePage = 10_000;

    // Each round is longer than any wait there is, so each is one attempt at least; nothing has more attempts left than this.
    private const int EnoughRounds = 12;
    private const int LongerThanAnyWait = 4;

    private readonly RealSystem _real;
    private readonly Invariants _invariants = new();
    private readonly ModelDelivery?[] _model = new ModelDelivery?[Slots.Count];
    private readonly long _started = TimeProvider.System.GetTimestamp();

    private ModelCase(RealSystem real) => _real = real;

    /// <summary>Begins a test on a system that was used before.</summary>
    public static async Task<ModelCase> StartAsync(RealSystem real)
    {
        await real.ResetAsync();
        return new ModelCase(real);
    }

    /// <summary>What there is to compare: when a delivery that is over would be due means nothing.</summary>
    public static ModelDelivery? Comparable(ModelDelivery? delivery) =>
        delivery is null or { Status: DeliveryStatus.Pending } ? delivery : delivery with { DueIn = 0 };

    /// <summary>Does one thing after the other.</summary>
    public async Task RunAsync(params IReadOnlyList<Operation> operations)
    {
        foreach (var operation in operations) await StepAsync(operation);
    }

    /// <summary>Does many things at once: each actor's own are one after the other.</summary>
    public async Task RunAtOnceAsync(Operation[][] actors)
    {
        var happenings = (await Task.WhenAll(actors.Select(async operations =>
        {
            var own = new List<Happening>();
            foreach (var operation in operations) own.AddRange(await _real.ExecuteAsync(operation, OnePage));
            return own;
        }))).SelectMany(x => x).OrderBy(x => x.Asked).ToList();

        var now = await ObserveAsync(happenings, replayedInBulk: null);
        for (var slot = 0; slot < _model.Length; slot++)
        {
            var own = happenings.Where(x => x.Slot == slot).ToList();
            if (!Linearization.Exists(_model[slot], own, Comparable(now[slot]?.State)))
            {
                Assert.Fail($"No order explains what happened to delivery {slot}.\nbefore {_model[slot]}\n{string.Join('\n', own)}\nafter  {now[slot]?.State}");
            }

            _model[slot] = now[slot]?.State;
        }
    }

    /// <summary>Lets a worker that has nothing but PostgreSQL go on until all is over: every delivery ends (I6, I8).</summary>
    public async Task DrainAsync(ModelOutcome outcome)
    {
        for (var round = 0; round < EnoughRounds && _model.Any(x => x?.Status == DeliveryStatus.Pending); round++)
        {
            await RunAsync(new Operation.PassTime(LongerThanAnyWait), new Operation.ClaimDue(0), new Operation.TellAll(0, outcome));
        }

        Assert.DoesNotContain(_model, delivery => delivery?.Status == DeliveryStatus.Pending);
    }

    /// <summary>A delivery as the model has it, and the system too.</summary>
    public ModelDelivery this[int slot] => _model[slot]!;

    private async Task StepAsync(Operation operation)
    {
        IReadOnlyList<Happening> happenings = [];
        int? replayedInBulk = null;
        if (operation is Operation.ReplayAll bulk)
        {
            var (count, next) = BulkReplay.Apply([.. Slots.Of(bulk.Owner).Select(slot => _model[slot])], bulk.Status);
            Assert.Equal(count, await _real.ReplayAllAsync(bulk.Owner, bulk.Status));
            foreach (var (slot, n) in Slots.Of(bulk.Owner).Select((slot, n) => (slot, n))) _model[slot] = next[n];
            replayedInBulk = bulk.Owner;
        }
        else
        {
            happenings = await _real.ExecuteAsync(operation, SmallPage);
            foreach (var happening in happenings)
            {
                var (next, answer) = happening.Event.Apply(_model[happening.Slot]);
                Assert.True(answer == happening.Answer, $"{operation}: {happening}, but the model says {answer}.\nbefore {_model[happening.Slot]}");
                _model[happening.Slot] = next;
            }
        }

        var now = await ObserveAsync(happenings, replayedInBulk);
        for (var slot = 0; slot < _model.Length; slot++)
        {
            var (model, real) = (Comparable(_model[slot]), Comparable(now[slot]?.State));
            Assert.True(model == real, $"After {operation} delivery {slot} differs.\nmodel  {model}\nsystem {real}");
        }
    }

    private async Task<ObservedDelivery?[]> ObserveAsync(IReadOnlyList<Happening> happenings, int? replayedInBulk)
    {
        var now = await _real.ObserveAsync();
        Assert.True(
            TimeProvider.System.GetElapsedTime(_started) < ModelTime.LongestCase,
            $"A test took longer than {ModelTime.LongestCase.TotalSeconds} s, and the clock of the database has gone on by too much of a unit: see ModelTime.");
        _invariants.Check(happenings, replayedInBulk, now);
        return now;
    }
}
