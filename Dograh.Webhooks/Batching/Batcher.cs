namespace Dograh.Webhooks.Batching;

/// <summary>Makes one call of many: whoever comes while a batch is under way is part of the next one.</summary>
/// <remarks>
/// One batch is under way at a time, or two where the earlier has let the next begin. Alone, an item is a batch of its own and goes at once; the more come at a time, the
/// larger the batches and the less each costs. That is what a group commit is, and it does as well for a look-up that every request makes. Where a batch times out, those that
/// wait behind it fail with it.
/// </remarks>
/// <param name="run">Runs a batch: the results are those of the items, in their order. What it throws is every item's of the batch. It may call what it is given once
/// it has only to wait for somebody else: the next batch begins then, the one after that when this one has ended.</param>
/// <param name="maxBatch">The most items of a batch.</param>
/// <param name="isOneItemsFault">Which faults lie in some item itself: such a batch is run again in halves, until the item stands alone.</param>
/// <param name="weigh">How heavy an item is; null if it does not matter.</param>
/// <param name="maxWeight">The most that a batch of more than one item weighs.</param>
public sealed class Batcher<TItem, TResult>(
    Func<IReadOnlyList<TItem>, Action, Task<IReadOnlyList<TResult>>> run, int maxBatch, Func<Exception, bool>? isOneItemsFault = null, Func<TItem, long>? weigh = null,
    long maxWeight = long.MaxValue)
{
    // When items come at this pace, more are on their way, and a millisecond makes one batch of several.
    private const int BusyBatch = 3;
    private static readonly TimeSpan GatheringTime = TimeSpan.FromMilliseconds(1);

    private readonly Lock _lock = new();
    private readonly Queue<Waiting> _waiting = [];
    private bool _isUnderWay;
    private int _lastBatch;
    private Task _earlier = Task.CompletedTask;

    /// <summary>Adds an item to the next batch.</summary>
    /// <returns>Its result.</returns>
    public Task<TResult> RunAsync(TItem item)
    {
        var waiting = new Waiting(item);
        lock (_lock)
        {
            _waiting.Enqueue(waiting);
            if (_isUnderWay) return waiting.Task;
            _isUnderWay = true;
        }

        // A batch is nobody's in particular: it must not run under the trace, or end with the request, of whoever happened to come first.
        using (ExecutionContext.SuppressFlow()) _ = RunBatchesAsync();
        return waiting.Task;
    }

    private async Task RunBatchesAsync()
    {
        do
        {
            // After the work that waits for a thread already: on a busy machine that is who comes next.
            await Task.Factory.StartNew(static () => { }, CancellationToken.None, TaskCreationOptions.PreferFairness, TaskScheduler.Default);
            if (Volatile.Read(ref _lastBatch) >= BusyBatch) await Task.Delay(GatheringTime, TimeProvider.System);
        }
        while (await RunNextAsync());
    }

    private async Task<bool> RunNextAsync()
    {
        var batch = Take();
        Volatile.Write(ref _lastBatch, batch.Count);
        if (batch.Count == 0) return false;
        var mayNextBegin = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var running = RunAsync(batch, () => mayNextBegin.TrySetResult());
        await Task.WhenAny(mayNextBegin.Task, running);
        await _earlier;
        _earlier = running;
        return true;
    }

    private List<Waiting> Take()
    {
        lock (_lock)
        {
            var batch = new List<Waiting>(Math.Min(_waiting.Count, maxBatch));
            var weight = 0L;
            while (batch.Count < maxBatch && _waiting.TryPeek(out var next))
            {
                weight += weigh?.Invoke(next.Item) ?? 0;
                if (weight > maxWeight && batch.Count > 0) break;
                batch.Add(_waiting.Dequeue());
            }

            if (batch.Count == 0) _isUnderWay = false;
            return batch;
        }
    }

    private async Task RunAsync(List<Waiting> batch, Action letNextBegin)
    {
        try
        {
            var results = await run(batch.ConvertAll(waiting => waiting.Item), letNextBegin);
            for (var i = 0; i < batch.Count; i++) batch[i].SetResult(results[i]);
        }
        catch (Exception e) when (batch.Count > 1 && isOneItemsFault?.Invoke(e) == true)
        {
            var half = batch.Count / 2;
            await RunAsync(batch[..half], letNextBegin);
            await RunAsync(batch[half..], letNextBegin);
        }
        catch (Exception e)
        {
            foreach (var waiting in batch) waiting.SetException(e);
            if (!IsTimeout(e)) return;
            // What came meanwhile would only wait as long for the same answer.
            foreach (var waiting in TakeAll()) waiting.SetException(e);
        }
    }

    private List<Waiting> TakeAll()
    {
        lock (_lock)
        {
            var all = _waiting.ToList();
            _waiting.Clear();
            return all;
        }
    }

    private static bool IsTimeout(Exception e) => e is TimeoutException or { InnerException: TimeoutException };

    private sealed class Waiting(TItem item) : TaskCompletionSource<TResult>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public TItem Item { get; } = item;
    }
}
