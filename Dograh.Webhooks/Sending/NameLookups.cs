using System.Collections.Concurrent;
using System.Net;

namespace Dograh.Webhooks.Sending;

/// <summary>Looks up the addresses of receivers' names, each on a thread of its own.</summary>
/// <remarks>
/// The system's resolver keeps the thread that asks it, for ten seconds and more where a name's servers do not answer, and .NET has threads of its pool ask. A template can make a
/// name of every run: some dozens of them in such a zone would take the pool, and with it the timers, the answers and the records of everybody's deliveries.
/// </remarks>
/// <param name="lookUp">Asks the system.</param>
internal sealed class NameLookups(Func<string, IPAddress[]> lookUp)
{
    // Threads, with a stack each. What hangs is given up by its attempt, and by the system some time after.
    private const int MaxAtATime = 256;

    private static readonly SemaphoreSlim Places = new(MaxAtATime);
    private readonly ConcurrentDictionary<string, Lazy<Task<IPAddress[]>>> _underWay = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>For <see cref="EgressGuard"/>; whoever asks for the same name at the same time shares the answer.</summary>
    /// <exception cref="System.Net.Sockets.SocketException">The name does not resolve.</exception>
    public Task<IPAddress[]> ResolveAsync(string host, CancellationToken cancellationToken) =>
        _underWay.GetOrAdd(host, name => new Lazy<Task<IPAddress[]>>(() => ResolveAsync(name))).Value.WaitAsync(cancellationToken);

    private async Task<IPAddress[]> ResolveAsync(string host)
    {
        await Places.WaitAsync();
        try
        {
            return await Task.Factory.StartNew(() => lookUp(host), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }
        finally
        {
            Places.Release();
            _underWay.TryRemove(host, out _);
        }
    }
}
