using System.Collections.Concurrent;

namespace Dograh.Tests.Faults;

/// <summary>What a load balancer honestly does: asks each API at <c>/health</c> every so often, and sends to those that were well when last asked.</summary>
internal sealed class Balancer : IAsyncDisposable
{
    private static readonly TimeSpan ProbeInterval = TimeSpan.FromMilliseconds(200);

    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(1) };
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<int, bool> _isWell = new();
    private readonly Task _probing;
    private int _turn;

    public Balancer(params IReadOnlyList<Uri> apis) => _probing = Task.WhenAll(apis.Select(ProbeAsync));

    /// <summary>Whether an API is sent to.</summary>
    public bool IsWell(int api) => _isWell.GetValueOrDefault(api);

    /// <summary>The next in turn of those that are well; null if none is.</summary>
    public int? Next()
    {
        var well = _isWell.Where(api => api.Value).Select(api => api.Key).Order().ToList();
        return well.Count == 0 ? null : well[(int)((uint)Interlocked.Increment(ref _turn) % (uint)well.Count)];
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _probing;
        _http.Dispose();
        _stop.Dispose();
    }

    private async Task ProbeAsync(Uri api, int number)
    {
        try
        {
            using var interval = new PeriodicTimer(ProbeInterval, TimeProvider.System);
            do
            {
                _isWell[number] = await IsHealthyAsync(api);
            }
            while (await interval.WaitForNextTickAsync(_stop.Token));
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Disposed.
        }
    }

    private async Task<bool> IsHealthyAsync(Uri api)
    {
        try
        {
            using var answer = await _http.GetAsync(new Uri(api, "/health"), _stop.Token);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException || (e is OperationCanceledException && !_stop.IsCancellationRequested))
        {
            return false;
        }
    }
}
