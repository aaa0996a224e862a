using System.Runtime.InteropServices;

namespace Dograh.Cli;

/// <summary>Ctrl+C and what else asks the program to stop: the first time it stops in good order, the second time at once.</summary>
internal sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration[] _signals;

    public Interruption() => _signals = [.. ((PosixSignal[])[PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP]).Select(signal => PosixSignalRegistration.Create(signal, Stop))];

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>What the program ends with: 128 and the signal's number, as shells have it.</summary>
    public int ExitCode { get; private set; } = ExitCodes.Interrupted;

    public void Dispose()
    {
        foreach (var signal in _signals) signal.Dispose();
        _source.Dispose();
    }

    private void Stop(PosixSignalContext context)
    {
        if (_source.IsCancellationRequested) return;
        ExitCode = context.Signal switch
        {
            PosixSignal.SIGTERM => 128 + 15,
            PosixSignal.SIGHUP => 128 + 1,
            _ => ExitCodes.Interrupted,
        };
        context.Cancel = true;
        _source.Cancel();
    }
}
