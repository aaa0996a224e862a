using System.Collections.Concurrent;
using System.Diagnostics;
using Dograh.Tests.Support;
using Dograh.Webhooks.Batching;

namespace Dograh.Tests.Batching;

public sealed class BatcherTests
{
    private readonly ConcurrentQueue<int[]> _batches = [];
    private readonly TaskCompletionSource _gate = new();

    [Fact]
    public async Task Alone_an_item_is_a_batch_of_its_own()
    {
        _gate.SetResult();
        var batcher = Create();

        Assert.Equal(10, await batcher.RunAsync(1).Soon());
        Assert.Equal(20, await batcher.RunAsync(2).Soon());

        Assert.Equal([[1], [2]], _batches);
    }

    [Fact]
    public async Task Who_comes_while_a_batch_is_under_way_is_part_of_the_next_one()
    {
        var batcher = Create();
        var first = batcher.RunAsync(1);
        await Eventually.TrueAsync(() => _batches.Count == 1);

        var others = Enumerable.Range(2, 5).Select(batcher.RunAsync).ToList();
        _gate.SetResult();

        Assert.Equal(10, await first.Soon());
        var results = await Task.WhenAll(others).Soon();
        Assert.Equal([20, 30, 40, 50, 60], results);
        Assert.Equal([[1], [2, 3, 4, 5, 6]], _batches);
    }

    [Fact]
    public async Task A_batch_is_no_larger_than_the_most()
    {
        var batcher = Create(maxBatch: 2);
        var first = batcher.RunAsync(1);
        await Eventually.TrueAsync(() => _batches.Count == 1);

        var others = Enumerable.Range(2, 5).Select(batcher.RunAsync).ToList();
        _gate.SetResult();
        await Task.WhenAll([first, .. others]).Soon();

        Assert.Equal([[1], [2, 3], [4, 5], [6]], _batches);
    }

    [Fact]
    public async Task A_fault_is_every_items_of_its_batch_and_of_no_other()
    {
        var batcher = Create(fault: batch => batch.Contains(2) ? new TimeoutException("away") : null);
        var first = batcher.RunAsync(1);
        await Eventually.TrueAsync(() => _batches.Count == 1);

        var (second, third) = (batcher.RunAsync(2), batcher.RunAsync(3));
        _gate.SetResult();

        Assert.Equal(10, await first.Soon());
        await Assert.ThrowsAsync<TimeoutException>(() => second.Soon());
        await Assert.ThrowsAsync<TimeoutException>(() => third.Soon());
        Assert.Equal(40, await batcher.RunAsync(4).Soon());
    }

    [Fact]
    public async Task What_waits_behind_a_batch_that_timed_out_fails_with_it()
    {
        var batcher = Create(fault: batch => batch.Contains(1) ? new InvalidOperationException("slow", new TimeoutException()) : null);
        var first = batcher.RunAsync(1);
        await Eventually.TrueAsync(() => _batches.Count == 1);
        var behind = batcher.RunAsync(2);
        _gate.SetResult();

        await Assert.ThrowsAsync<InvalidOperationException>(() => first.Soon());
        await Assert.ThrowsAsync<InvalidOperationException>(() => behind.Soon());
        Assert.Single(_batches);
        Assert.Equal(30, await batcher.RunAsync(3).Soon());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(33)]
    [InlineData(64)]
    public async Task A_fault_in_one_item_is_that_items_only_and_costs_the_others_a_few_runs(int bad)
    {
        var batcher = Create(fault: batch => batch.Contains(bad) ? new FormatException("bad") : null);
        var gatekeeper = batcher.RunAsync(0);
        await Eventually.TrueAsync(() => _batches.Count == 1);

        var all = Enumerable.Range(1, 64).Select(item => (Item: item, Result: batcher.RunAsync(item))).ToList();
        _gate.SetResult();
        await gatekeeper.Soon();

        foreach (var (item, result) in all)
        {
            if (item == bad) await Assert.ThrowsAsync<FormatException>(() => result.Soon());
            else Assert.Equal(item * 10, await result.Soon());
        }

        // 64 in halves: the whole, and two of each of 32, 16, 8, 4, 2 and 1.
        Assert.Equal(1 + 1 + (2 * 6), _batches.Count);
    }

    [Fact]
    public async Task A_batch_is_no_heavier_than_allowed_unless_one_item_is()
    {
        var batcher = new Batcher<int, int>((items, _) => RunAsync(items), maxBatch: 100, weigh: item => item, maxWeight: 10);
        var all = new List<Task<int>> { batcher.RunAsync(1) };
        await Eventually.TrueAsync(() => _batches.Count == 1);
        all.AddRange(new[] { 4, 6, 5, 50, 2, 3 }.Select(batcher.RunAsync));
        _gate.SetResult();
        await Task.WhenAll(all).Soon();

        Assert.Equal([[1], [4, 6], [5], [50], [2, 3]], _batches);
    }

    [Fact]
    public async Task A_batch_runs_under_nobodys_trace()
    {
        using var activity = new Activity("a request's").Start();
        Activity? seen = activity;
        var batcher = new Batcher<int, int>(
            (items, _) =>
            {
                seen = Activity.Current;
                return Task.FromResult<IReadOnlyList<int>>([.. items]);
            },
            maxBatch: 8);

        await batcher.RunAsync(1).Soon();

        Assert.Null(seen);
        Assert.Same(activity, Activity.Current);
    }

    [Fact]
    public async Task The_next_batch_begins_when_it_may_and_the_one_after_it_when_the_first_has_ended()
    {
        var ends = new ConcurrentDictionary<int, TaskCompletionSource>();
        var batcher = new Batcher<int, int>(
            async (items, letNextBegin) =>
            {
                _batches.Enqueue([.. items]);
                letNextBegin();
                await EndOf(items[0]).Task;
                return items;
            },
            maxBatch: 1);

        var all = Enumerable.Range(1, 4).Select(batcher.RunAsync).ToList();
        await Eventually.TrueAsync(() => _batches.Count == 2);
        // Whoever comes while two are under way waits, and so does whoever comes when nobody waits any more.
        EndOf(2).SetResult();
        Assert.Equal(2, await all[1].Soon());
        Assert.Equal(2, _batches.Count);
        EndOf(1).SetResult();
        await Eventually.TrueAsync(() => _batches.Count == 4);
        var fifth = batcher.RunAsync(5);
        EndOf(4).SetResult();
        Assert.Equal(4, await all[3].Soon());
        Assert.Equal(4, _batches.Count);

        EndOf(3).SetResult();
        EndOf(5).SetResult();

        int[] rest = [await all[0].Soon(), await all[2].Soon(), await fifth.Soon()];
        Assert.Equal([1, 3, 5], rest);

        TaskCompletionSource EndOf(int item) => ends.GetOrAdd(item, _ => new());
    }

    private Batcher<int, int> Create(int maxBatch = 100, Func<IReadOnlyList<int>, Exception?>? fault = null) => new(
        async (items, _) =>
        {
            var results = await RunAsync(items);
            return fault?.Invoke(items) is { } e ? throw e : results;
        },
        maxBatch, e => e is FormatException);

    private async Task<IReadOnlyList<int>> RunAsync(IReadOnlyList<int> items)
    {
        _batches.Enqueue([.. items]);
        await _gate.Task;
        return [.. items.Select(item => item * 10)];
    }
}
