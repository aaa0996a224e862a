using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Dograh.Bench.Measuring;

namespace Dograh.Bench.Stack;

/// <summary>What the benchmark asks its receiver.</summary>
internal sealed class ReceiverClient(HttpClient http, Uri url, Action throwIfAnythingEnded)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Where it listens.</summary>
    public Uri Url { get; } = url;

    /// <summary>How many requests it has answered as asked since <see cref="ResetAsync"/>.</summary>
    public async Task<long> CountAsync(CancellationToken cancellationToken) =>
        long.Parse(await http.GetStringAsync(new Uri(Url, "/count"), cancellationToken), CultureInfo.InvariantCulture);

    /// <summary>The latencies of what came to <c>/timed</c>; null if nothing did.</summary>
    public async Task<LatencySummary?> LatenciesAsync(CancellationToken cancellationToken) =>
        JsonSerializer.Deserialize<LatencySummary?>(await http.GetStringAsync(new Uri(Url, "/latencies"), cancellationToken));

    /// <summary>Has it forget all.</summary>
    public async Task ResetAsync(CancellationToken cancellationToken)
    {
        using var answer = await http.GetAsync(new Uri(Url, "/reset"), cancellationToken);
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>Waits until it has answered so many.</summary>
    /// <exception cref="BenchException">Nothing came for a minute.</exception>
    public async Task WaitForAsync(long count, CancellationToken cancellationToken)
    {
        var (last, lastChange) = (-1L, Stopwatch.GetTimestamp());
        while (true)
        {
            var now = long.Parse(await http.GetStringAsync(new Uri(Url, $"/wait?count={count}"), cancellationToken), CultureInfo.InvariantCulture);
            if (now >= count) return;
            if (now != last) (last, lastChange) = (now, Stopwatch.GetTimestamp());
            throwIfAnythingEnded();
            if (Stopwatch.GetElapsedTime(lastChange) > Patience)
            {
                throw new BenchException($"The receiver has got {now} of {count}, and nothing more for {Patience.TotalSeconds:0} s.");
            }
        }
    }
}
