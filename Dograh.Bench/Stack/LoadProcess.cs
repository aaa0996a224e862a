using Dograh.Bench.Roles;

namespace Dograh.Bench.Stack;

/// <summary>The sender of a load, in a process of its own.</summary>
internal sealed class LoadProcess : IAsyncDisposable
{
    private readonly RoleProcess _process;
    private readonly CancellationToken _stop;

    private LoadProcess(RoleProcess process, CancellationToken stop) => (_process, _stop) = (process, stop);

    public int Id => _process.Id;

    /// <summary>Starts it, and waits until its requests before the clock have been answered.</summary>
    public static async Task<LoadProcess> StartAsync(LoadOrder order, CancellationToken stop)
    {
        var process = RoleProcess.Start(Role.Load);
        try
        {
            await process.TellAsync(order, stop);
            await process.ExpectAsync(LoadRole.Warm, stop);
            return new LoadProcess(process, stop);
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    /// <summary>Sends the requests that count. The process stays, so that what it used can be read.</summary>
    /// <exception cref="BenchException">Some were not answered as they had to be.</exception>
    public async Task<LoadResult> RunAsync()
    {
        await _process.TellAsync("go", _stop);
        var result = await _process.HearAsync<LoadResult>(_stop);
        return result.Refused == 0 ? result : throw new BenchException($"{result.Refused} of {result.Refused + result.Count} requests were not answered as they had to be.");
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
