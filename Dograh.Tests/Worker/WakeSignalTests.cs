using Dograh.Tests.Support;
using Dograh.Worker;
using Microsoft.Extensions.Time.Testing;

namespace Dograh.Tests.Worker;

public sealed class WakeSignalTests
{
    private static readonly TimeSpan Long = TimeSpan.FromHours(1);
    private readonly FakeTimeProvider _time = new();
    private readonly WakeSignal _signal;

    public WakeSignalTests() => _signal = new WakeSignal(_time);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_sleeper_is_woken()
    {
        var sleeping = _signal.WaitAsync(Long, Token);
        Assert.False(sleeping.IsCompleted);

        _signal.Set();

        await sleeping.Soon();
    }

    [Fact]
    public async Task A_signal_before_the_sleep_ends_that_sleep_at_once_and_no_other()
    {
        _signal.Set();
        _signal.Set();
        await _signal.WaitAsync(Long, Token).Soon();

        var next = _signal.WaitAsync(Long, Token);
        Assert.False(next.IsCompleted);
        _time.Advance(Long);
        await next.Soon();
    }

    [Fact]
    public async Task A_sleep_ends_by_itself()
    {
        var sleeping = _signal.WaitAsync(TimeSpan.FromSeconds(2), Token);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(sleeping.IsCompleted);

        _time.Advance(TimeSpan.FromSeconds(1));

        await sleeping.Soon();
    }

    [Fact]
    public async Task Cancelling_ends_a_sleep_without_a_fault()
    {
        using var stop = new CancellationTokenSource();
        var sleeping = _signal.WaitAsync(Long, stop.Token);

        await stop.CancelAsync();

        await sleeping.Soon();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-5)]
    public async Task No_time_to_sleep_is_no_sleep(int seconds) => await _signal.WaitAsync(TimeSpan.FromSeconds(seconds), Token).Soon();
}
