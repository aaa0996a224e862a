using System.Globalization;

namespace Dograh.Worker;

/// <summary>This worker's name, in <c>leased_by</c> and in every attempt: the machine, the process, and a part that no restart repeats.</summary>
internal sealed class WorkerIdentity
{
    public string Name { get; } = string.Create(
        CultureInfo.InvariantCulture, $"{Environment.MachineName}-{Environment.ProcessId}-{Guid.CreateVersion7().ToString("N")[^6..]}");
}
