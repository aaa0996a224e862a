using System.Globalization;
using System.Runtime.InteropServices;

namespace Dograh.Bench.Roles;

/// <summary>The processes that the benchmark starts of itself.</summary>
/// <remarks>Each ends when its standard input does, so that none outlives a benchmark that was killed.</remarks>
internal static class Role
{
    public const string Receiver = "receiver";
    public const string BareApi = "bare-api";
    public const string Load = "load";
    public const string HangfireProducer = "hangfire-producer";
    public const string HangfireWorker = "hangfire-worker";

    /// <summary>Plays the role that the arguments name.</summary>
    /// <returns>The exit code; null if they name none.</returns>
    public static async Task<int?> RunAsync(string[] args)
    {
        Func<Task>? role = args switch
        {
            [Receiver, var port] => () => ReceiverRole.RunAsync(int.Parse(port, CultureInfo.InvariantCulture)),
            [BareApi, var port] => () => BareApiRole.RunAsync(int.Parse(port, CultureInfo.InvariantCulture)),
            [Load] => LoadRole.RunAsync,
            [HangfireProducer] => HangfireProducerRole.RunAsync,
            [HangfireWorker] => HangfireWorkerRole.RunAsync,
            _ => null,
        };
        if (role is null) return null;

        // Ctrl+C reaches every process of the terminal; the benchmark itself stops the others.
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => context.Cancel = true);
        await role();
        return 0;
    }

    /// <summary>Completes when the benchmark has closed our standard input, or is no more.</summary>
    public static async Task OrphanedAsync()
    {
        while (await Console.In.ReadLineAsync() is not null)
        {
            // Nothing is said to those who wait here.
        }
    }
}
