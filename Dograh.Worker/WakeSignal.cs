namespace Dograh.Worker;

/// <summary>Something to sleep on that others can end early. One sleeper; setting it before the sleep ends that sleep at once.</summary>
internal sealed class WakeSignal(TimeProvider time)
{
    private TaskCompletionSource _signal = Create();

    /// <summary>Wakes the sleeper, or the next one.</summary>
    public void Set() => Volatile.Read(ref _signal).TrySetResult();

    /// <summary>Sleeps until set, or for so long, or until cancelled; throws in none of these cases.</summary>
    public async Task WaitAsync(TimeSpan atMost, CancellationToken cancellationToken)
    {
        var signalled = Volatile.Read(ref _signal).Task;
        if (!signalled.IsCompleted && atMost > TimeSpan.Zero)
        {
            using var awake = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            await Task.WhenAny(signalled, Task.Delay(atMost, time, awake.Token));
            await awake.CancelAsync();
        }

        // A signal that is set between these two lines is not lost: whoever set it did its work before, and the sleeper looks now.
        if (signalled.IsCompleted) Volatile.Write(ref _signal, Create());
    }

    private static TaskCompletionSource Create() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
