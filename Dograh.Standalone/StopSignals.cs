using System.Runtime.InteropServices;

namespace Dograh.Standalone;

/// <summary>
/// The ways in which the user asks us to stop: Ctrl+C, SIGTERM, closing the terminal; and, with Ctrl+C once more, to be quick about it.
/// </summary>
internal sealed class StopSignals : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _hurry = new();
    private readonly List<PosixSignalRegistration> _registrations = [];

    public StopSignals()
    {
        foreach (var signal in new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP, PosixSignal.SIGQUIT })
        {
            _registrations.Add(PosixSignalRegistration.Create(signal, Receive));
        }
    }

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Stop => _stop.Token;

    /// <summary>Cancelled by a second Ctrl+C. Other signals may come in pairs without meaning anything by it.</summary>
    public CancellationToken Hurry => _hurry.Token;

    public void Dispose()
    {
        _registrations.ForEach(registration => registration.Dispose());
        _stop.Dispose();
        _hurry.Dispose();
    }

    private void Receive(PosixSignalContext context)
    {
        context.Cancel = true; // we end by returning from Main, after everything has been stopped
        if (_stop.IsCancellationRequested && context.Signal == PosixSignal.SIGINT)
        {
            _hurry.Cancel();
        }

        _stop.Cancel();
    }
}
