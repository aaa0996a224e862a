namespace Dograh.Standalone;

/// <summary>A server or service that is started again when it ends without having been asked to.</summary>
public interface ISupervised : IAsyncDisposable
{
    /// <summary>What it is called in messages.</summary>
    string Name { get; }

    /// <summary>The process id, or of the last process if it has ended.</summary>
    int ProcessId { get; }

    /// <summary>Where its output goes.</summary>
    string LogFile { get; }

    /// <summary>Completes when the process that runs now has ended, with its exit code (128 + the signal if a signal ended it).</summary>
    Task<int> Exited { get; }

    /// <summary>Starts it again as it was: same data, same port, same environment. Stops it first if it runs.</summary>
    /// <exception cref="StandaloneException">It did not start.</exception>
    Task RestartAsync(CancellationToken cancellationToken = default);

    /// <summary>Ends it at once, as a power cut would (SIGKILL).</summary>
    void Kill();
}
