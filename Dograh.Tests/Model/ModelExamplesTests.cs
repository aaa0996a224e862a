using Dograh.Webhooks.Deliveries;
using static Dograh.Tests.Model.Operation;

namespace Dograh.Tests.Model;

/// <summary>Short sequences that a statement broken on purpose does not survive, each named by what it says.</summary>
/// <remarks>Each step is compared with the model and the invariants; what is asserted at the end is why the sequence is here.</remarks>
public sealed class ModelExamplesTests(ModelFixture fixture) : IClassFixture<ModelFixture>
{
    private static readonly ModelOutcome Success = new ModelOutcome.Success();
    private static readonly ModelOutcome Transient = new ModelOutcome.Transient();
    private static readonly ModelOutcome Permanent = new ModelOutcome.Permanent();
    private static readonly Operation LeaseEnds = new PassTime(ModelTime.Lease);

    [Fact]
    public Task A_run_completed_twice_has_its_deliveries_once() => AfterAsync(
        it => Assert.Equal((0, DeliveryStatus.Pending), (it[0].Claims, it[0].Status)),
        new CompleteRun(0), new CompleteRun(0));

    [Fact]
    public Task A_worker_that_lost_its_lease_records_no_failure() => AfterAsync(
        it => Assert.Equal((0, 1, "worker-1"), (it[0].Attempts, it[0].LostClaims, it[0].LeasedBy)),
        new CompleteRun(0), new ClaimSome(0, 1), LeaseEnds, new ClaimSome(1, 1), new Tell(0, 0, Permanent));

    [Fact]
    public Task A_worker_whose_lease_has_ended_is_heard_until_another_claims() => AfterAsync(
        it => Assert.Equal((1, 0, null), (it[0].Attempts, it[0].LostClaims, it[0].LeasedBy)),
        new CompleteRun(0), new ClaimSome(0, 1), LeaseEnds, new Tell(0, 0, Transient));

    [Fact]
    public Task An_outcome_that_comes_twice_counts_once() => AfterAsync(
        it => Assert.Equal("1:503", it[0].Log),
        new CompleteRun(0), new ClaimSome(0, 1), new Tell(0, 0, Transient), new Tell(0, 0, Transient));

    [Fact]
    public Task A_late_failure_does_not_overwrite_a_late_success() => AfterAsync(
        it => Assert.Equal((DeliveryStatus.Succeeded, "1:200"), (it[0].Status, it[0].Log)),
        new CompleteRun(0), new ClaimSome(0, 1), LeaseEnds, new ClaimSome(1, 1), new Tell(0, 0, Success), new Tell(1, 0, Permanent));

    [Fact]
    public Task A_late_success_outdoes_a_cancellation() => AfterAsync(
        it => Assert.Equal((DeliveryStatus.Succeeded, 200), (it[0].Status, it[0].LastStatusCode)),
        new CompleteRun(0), new ClaimSome(0, 1), new Cancel(0), new Tell(0, 0, Transient), new Tell(0, 0, Success));

    [Fact]
    public Task A_late_success_after_the_last_attempt_has_a_number_of_its_own() => AfterAsync(
        it => Assert.Equal((DeliveryStatus.Succeeded, 3, 3, "1:503 2:503 3:200"), (it[1].Status, it[1].Attempts, it[1].MaxAttempts, it[1].Log)),
        new CompleteRun(0), new ClaimSome(0, 2), LeaseEnds, new ClaimSome(1, 2), new Tell(1, 0, Transient), new PassTime(1), new ClaimSome(1, 2),
        new Tell(1, 0, Transient), new Tell(0, 0, Success));

    [Fact]
    public Task A_claim_from_before_a_cancellation_and_a_replay_is_spent() => AfterAsync(
        it => Assert.Equal((DeliveryStatus.Pending, 0, true), (it[0].Status, it[0].Attempts, it[0].IsDue)),
        new CompleteRun(0), new ClaimSome(0, 1), new Cancel(0), new Replay(0), new Tell(0, 0, Permanent));

    [Fact]
    public Task Six_leases_without_a_word_are_poison_and_a_replay_forgets_them() => AfterAsync(
        it => Assert.Equal((DeliveryStatus.Pending, 0, "worker-0"), (it[0].Status, it[0].LostClaims, it[0].LeasedBy)),
        [
            new CompleteRun(0), .. Enumerable.Repeat<Operation[]>([new ClaimSome(0, 1), LeaseEnds], 6).SelectMany(x => x),
            // Poison: dead letter in place of the seventh claim.
            new ClaimSome(0, 1), new Replay(0), new ClaimSome(0, 1),
        ]);

    [Fact]
    public Task A_deferral_past_the_greatest_age_ends_the_delivery_and_a_replay_makes_it_young_again() => AfterAsync(
        it => Assert.Equal((DeliveryStatus.Pending, "circuit"), (it[0].Status, it[0].WaitingFor)),
        new CompleteRun(0), new PassTime(7), new ClaimSome(0, 1), new Tell(0, 0, new ModelOutcome.Deferred(1)),
        new Replay(0), new ClaimSome(0, 1), new Tell(0, 0, new ModelOutcome.Deferred(1)));

    [Fact]
    public Task A_second_bulk_replay_begins_where_the_first_one_ends() => AfterAsync(
        it => Assert.Equal((1, 2), (it[0].DueIn, it[1].DueIn)),
        // The first is due at once, the second a unit later; then both again, after that turn.
        new CompleteRun(0), new Cancel(0), new Cancel(1), new ReplayAll(0, DeliveryStatus.Cancelled), new Cancel(0),
        new ReplayAll(0, DeliveryStatus.Cancelled), new Cancel(1), new PassTime(1), new ReplayAll(0, DeliveryStatus.Cancelled));

    [Fact]
    public Task A_stranger_changes_nothing() => AfterAsync(
        it => Assert.Equal(DeliveryStatus.Pending, it[0].Status),
        new CompleteRun(0), new CompleteRun(1), new Trespass(0, "cancel"), new Trespass(0, "replay"), new Trespass(3, "cancel"));

    [Fact]
    public void A_delivery_that_two_workers_were_given_at_once_has_no_order()
    {
        Happening[] history =
        [
            new(0, new DeliveryEvent.Claimed("worker-0"), "claim 1 for attempt 1 of 3", 1, 3),
            new(0, new DeliveryEvent.Claimed("worker-1"), "claim 2 for attempt 1 of 3", 2, 4),
        ];
        var before = ModelDelivery.Create(3);

        Assert.False(Linearization.Exists(before, history, before with { Claims = 2, LeasedBy = "worker-1", DueIn = ModelTime.Lease }));
        Assert.True(Linearization.Exists(before, [history[0]], before with { Claims = 1, LeasedBy = "worker-0", DueIn = ModelTime.Lease }));
    }

    [Fact]
    public void What_was_answered_before_something_else_was_asked_comes_before_it()
    {
        var cancelled = ModelDelivery.Create(3) with { Status = DeliveryStatus.Cancelled };
        Happening cancel = new(0, new DeliveryEvent.Cancelled(), "done", 1, 3);
        Happening refused = new(0, new DeliveryEvent.Replayed(), "refused", 2, 4);

        Assert.True(Linearization.Exists(ModelDelivery.Create(3), [cancel, refused], cancelled));
        Assert.False(Linearization.Exists(ModelDelivery.Create(3), [cancel, refused with { Asked = 4, Told = 5 }], cancelled));
    }

    private Task AfterAsync(Action<ModelCase> assert, params Operation[] operations) => fixture.WithCaseAsync(async it =>
    {
        await it.RunAsync(operations);
        assert(it);
    });
}
