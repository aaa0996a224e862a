using System.Runtime.CompilerServices;

namespace Dograh.Tests.Support;

/// <summary>Waits for what nothing announces: asks again and again, and gives up only after a time that no healthy machine needs.</summary>
/// <remarks>A test never sleeps for a fixed time; a negative is shown by something later that did happen.</remarks>
internal static class Eventually
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(15);

    /// <summary>Returns as soon as the condition holds.</summary>
    public static async Task TrueAsync(
        Func<Task<bool>> condition, TimeSpan? deadline = null, [CallerArgumentExpression(nameof(condition))] string? described = null)
    {
        var limit = deadline ?? Deadline;
        var started = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            if (TimeProvider.System.GetElapsedTime(started) > limit) Assert.Fail($"Not true within {limit.TotalSeconds} s: {described}");
            await Task.Delay(Interval, TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Returns as soon as the condition holds.</summary>
    public static Task TrueAsync(
        Func<bool> condition, TimeSpan? deadline = null, [CallerArgumentExpression(nameof(condition))] string? described = null) =>
        TrueAsync(() => Task.FromResult(condition()), deadline, described);

    /// <summary>Waits for a task, but not for ever.</summary>
    public static Task<T> Soon<T>(this Task<T> task) => task.WaitAsync(Deadline, TimeProvider.System, TestContext.Current.CancellationToken);

    /// <summary>Waits for a task, but not for ever.</summary>
    public static Task Soon(this Task task) => task.WaitAsync(Deadline, TimeProvider.System, TestContext.Current.CancellationToken);
}
