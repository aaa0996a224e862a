using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Dograh.Tests.Support;
using Dograh.Webhooks.Sending;

namespace Dograh.Tests.Sending;

public sealed class NameLookupsTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Names_that_hang_keep_no_thread_of_the_pool_and_nobody_from_other_names()
    {
        using var gate = new ManualResetEventSlim();
        var pooled = new ConcurrentBag<bool>();
        var lookups = new NameLookups(host =>
        {
            pooled.Add(Thread.CurrentThread.IsThreadPoolThread);
            if (host.StartsWith("hangs", StringComparison.Ordinal)) gate.Wait(Token);
            return [IPAddress.Loopback];
        });

        var hanging = Enumerable.Range(0, 100).Select(n => lookups.ResolveAsync($"hangs-{n}.example", Token)).ToList();
        await Eventually.TrueAsync(() => pooled.Count == 100);

        Assert.Equal([IPAddress.Loopback], await lookups.ResolveAsync("well.example", Token).Soon());
        Assert.All(hanging, lookup => Assert.False(lookup.IsCompleted));
        Assert.DoesNotContain(true, pooled);
        gate.Set();
        await Task.WhenAll(hanging).Soon();
    }

    [Fact]
    public async Task Whoever_asks_for_a_name_that_is_looked_up_already_shares_the_answer()
    {
        using var gate = new ManualResetEventSlim();
        var asked = 0;
        var lookups = new NameLookups(_ =>
        {
            Interlocked.Increment(ref asked);
            gate.Wait(Token);
            return [IPAddress.IPv6Loopback];
        });

        var first = lookups.ResolveAsync("a.example", Token);
        await Eventually.TrueAsync(() => Volatile.Read(ref asked) == 1);
        var others = Enumerable.Range(0, 10).Select(_ => lookups.ResolveAsync("A.example", Token)).ToList();
        gate.Set();

        Assert.All(await Task.WhenAll([first, .. others]).Soon(), addresses => Assert.Equal([IPAddress.IPv6Loopback], addresses));
        Assert.Equal(1, asked);
    }

    [Fact]
    public async Task Whoever_gives_up_waits_no_longer()
    {
        using var gate = new ManualResetEventSlim();
        using var cancelled = new CancellationTokenSource();
        var lookups = new NameLookups(_ =>
        {
            gate.Wait(Token);
            return [];
        });
        var lookup = lookups.ResolveAsync("hangs.example", cancelled.Token);

        await cancelled.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => lookup.Soon());
        gate.Set();
    }

    [Fact]
    public async Task A_name_that_did_not_resolve_is_looked_up_again()
    {
        var asked = 0;
        var lookups = new NameLookups(_ => ++asked == 1 ? throw new SocketException((int)SocketError.TryAgain) : [IPAddress.Loopback]);

        var fault = await Assert.ThrowsAsync<SocketException>(() => lookups.ResolveAsync("late.example", Token).Soon());
        Assert.Equal(SocketError.TryAgain, fault.SocketErrorCode);
        await Eventually.TrueAsync(async () =>
        {
            try
            {
                return (await lookups.ResolveAsync("late.example", Token)).Length == 1;
            }
            catch (SocketException)
            {
                // Who came in the same moment shares the fault.
                return false;
            }
        });
    }
}
