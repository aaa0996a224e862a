using System.Runtime.InteropServices;

namespace Dograh.Standalone;

/// <summary>
/// The ways in which the user asks us to stop: Ctrl+C, SIGTERM, closing the terminal; and, with Ctrl+C once more, to be quick about it.
/// </summary>
internal sealed class StopSignals : IDisposable
{
    private readonly CancellationTokenSource stop = new();
    private readonly CancellationTokenSource hurry = new();
    private readonly List<PosixSignalRegistration> registrations = [];

    public StopSignals()
    {
        foreach (var signal in new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP, PosixSignal.SIGQUIT })
        {
            registrations.Add(PosixSignalRegistration.Create(signal, Receive));
        }
    }

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Stop => stop.Token;

    /// <summary>Cancelled by a second Ctrl+C. Other signals may come in pairs without meaning anything by it.</summary>
    public CancellationToken Hurry => hurry.Token;

    public void Dispose()
    {
        registrations.ForEach(registration => registration.Dispose());
        stop.Dispose();
        hurry.Dispose();
    }

    private void Receive(PosixSignalContext context)
    {
        context.Cancel = true; // we end by returning from Main, after everything has been stopped
        if (stop.IsCancellationRequested && context.Signal == PosixSignal.SIGINT)
        {
            hurry.Cancel();
        }

        stop.Cancel();
    }
}
