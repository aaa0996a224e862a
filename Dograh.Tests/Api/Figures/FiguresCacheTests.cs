using Dograh.Api.Figures;
using Microsoft.Extensions.Time.Testing;

namespace Dograh.Tests.Api.Figures;

public sealed class FiguresCacheTests
{
    private readonly FakeTimeProvider _time = new();
    private int _reads;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Those_who_ask_at_once_share_one_reading()
    {
        var cache = New();
        var reading = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);

        var viewers = Enumerable.Range(0, 50).Select(_ => GetAsync(cache, () => reading.Task)).ToList();
        reading.SetResult(7);

        Assert.All(await Task.WhenAll(viewers), value => Assert.Equal(7, value));
        Assert.Equal(1, _reads);
    }

    [Theory]
    [InlineData(0, 1000)]
    [InlineData(50, 1000)]
    [InlineData(400, 4000)]
    [InlineData(3000, 30_000)]
    public async Task A_figure_is_kept_for_a_second_and_for_ten_times_what_it_costs(int cost, int kept)
    {
        var cache = New();
        Assert.Equal(1, await GetAsync(cache, () => Cost(cost)));

        _time.Advance(TimeSpan.FromMilliseconds(kept - cost - 1));
        Assert.Equal(1, await GetAsync(cache, () => Cost(cost)));
        _time.Advance(TimeSpan.FromMilliseconds(1));
        await GetAsync(cache, () => Cost(cost));

        await ReadTimesAsync(2);
    }

    [Fact]
    public async Task What_takes_long_is_shown_once_more_while_it_is_read_anew()
    {
        var cache = New();
        await GetAsync(cache, () => Cost(2000));
        _time.Advance(TimeSpan.FromSeconds(20));
        var reading = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);

        Assert.Equal(1, await GetAsync(cache, () => reading.Task));
        await ReadTimesAsync(2);
        Assert.Equal(1, await GetAsync(cache, () => reading.Task));
        reading.SetResult(2);

        while (await GetAsync(cache, () => Cost(2000)) == 1) await Task.Yield();
        Assert.Equal(2, _reads);
    }

    [Fact]
    public async Task What_nobody_has_looked_at_for_long_is_not_shown()
    {
        var cache = New();
        await GetAsync(cache, () => Cost(2000));
        _time.Advance(TimeSpan.FromSeconds(40));

        Assert.Equal(2, await GetAsync(cache, () => Cost(2000)));
    }

    [Fact]
    public async Task A_failure_is_told_and_not_kept()
    {
        var cache = New();

        await Assert.ThrowsAsync<TimeoutException>(() => GetAsync(cache, () => throw new TimeoutException()));

        Assert.Equal(2, await GetAsync(cache, () => Cost(0)));
    }

    [Fact]
    public async Task Who_goes_away_takes_nothing_from_those_who_wait()
    {
        var cache = New();
        var reading = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var gone = new CancellationTokenSource();

        var first = cache.GetAsync(1, () => reading.Task, gone.Token);
        var second = cache.GetAsync(1, () => reading.Task, Token);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        reading.SetResult(7);

        Assert.Equal(7, await second);
    }

    [Fact]
    public async Task However_many_figures_are_asked_for_no_more_than_a_thousand_are_kept()
    {
        var cache = New();
        for (var key = 0; key < 2500; key++) await cache.GetAsync(key, () => Task.FromResult(key), Token);

        Assert.InRange(cache.Count, 1, 1000);
        Assert.Equal(2499, await cache.GetAsync(2499, () => Task.FromResult(-1), Token));
    }

    private FiguresCache<int, int> New() => new(_time, TimeSpan.FromSeconds(1));

    private Task<int> GetAsync(FiguresCache<int, int> cache, Func<Task<int>> read) => cache.GetAsync(
        1,
        () =>
        {
            Interlocked.Increment(ref _reads);
            return read();
        },
        Token);

    // What was read is how often it was read.
    private Task<int> Cost(int milliseconds)
    {
        _time.Advance(TimeSpan.FromMilliseconds(milliseconds));
        return Task.FromResult(Volatile.Read(ref _reads));
    }

    private async Task ReadTimesAsync(int times)
    {
        while (Volatile.Read(ref _reads) < times)
        {
            Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        Assert.Equal(times, _reads);
    }
}
