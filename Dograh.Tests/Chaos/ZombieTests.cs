using Dograh.Chaos.Stack;
using Dograh.Tests.Support;
using Dograh.Webhooks.Deliveries;
using static Dograh.Tests.Support.Given;

namespace Dograh.Tests.Chaos;

/// <summary>A worker is stopped (SIGSTOP) beyond its lease, another takes over, and then it goes on: its late word changes nothing but a fact.</summary>
public sealed class ZombieTests(TestServers servers) : KilledProcessTest(servers)
{
    [Fact]
    public async Task The_late_failure_of_a_worker_that_was_stopped_leaves_the_later_claim_alone()
    {
        var (failed, gate) = (new TaskCompletionSource(), new TaskCompletionSource());
        Receiver.Answers(Reply.Status(503).After(failed.Task), Reply.Ok.After(gate.Task));
        var (key, zombie) = await FreezeAsync(ADelivery());
        failed.SetResult();
        var worker = await StartWorkerAsync();
        await Receiver.RequestsAsync(2);

        FrozenProcess.Thaw(zombie);
        await Eventually.TrueAsync(() => Victims.Output.Contains("claim.lost", StringComparison.Ordinal));

        var held = await Database.DeliveryAsync(key);
        Assert.Equal((DeliveryStatus.Pending, worker.Name, 0, 2L), (held.Status, held.LeasedBy, held.AttemptCount, held.ClaimCount));
        gate.SetResult();
        var row = await UntilAsync(key, DeliveryStatus.Succeeded);
        Assert.Equal(1, row.AttemptCount);
        Assert.Equal(["1", "1"], Receiver.Requests.Select(request => request.Header("X-Dograh-Delivery-Attempt")));
        await Database.AssertConservedAsync();
    }

    [Fact]
    public async Task The_late_success_of_a_worker_that_was_stopped_is_a_fact_even_when_the_later_claim_has_failed()
    {
        var gate = new TaskCompletionSource();
        Receiver.Answers(Reply.Ok.After(gate.Task), Reply.Status(400));
        var (key, zombie) = await FreezeAsync(ADelivery());
        await StartWorkerAsync();
        await UntilAsync(key, DeliveryStatus.DeadLetter);

        gate.SetResult();
        FrozenProcess.Thaw(zombie);

        var row = await UntilAsync(key, DeliveryStatus.Succeeded);
        Assert.Equal(2, row.AttemptCount);
        await Database.AssertConservedAsync();
    }

    // Stopped with the delivery at the receiver, for longer than its lease.
    private async Task<(DeliveryKey Key, int Zombie)> FreezeAsync(DeliveryBuilder delivery)
    {
        var zombie = await Victims.StartWorkerAsync();
        var key = await Database.AddAsync(delivery.To(Receiver.Url));
        await Receiver.RequestsAsync(1);
        FrozenProcess.Freeze(zombie.ProcessId);
        await EndLeasesAsync();
        return (key, zombie.ProcessId);
    }
}
