using System.Runtime.InteropServices;
using Dograh.Bench.Reports;
using Dograh.Bench.Stack;
using Dograh.Standalone;

namespace Dograh.Bench.Measuring;

/// <summary>What a result depends on besides the code.</summary>
internal static class ThisMachine
{
    private const double GiB = 1024 * 1024 * 1024;

    public static Machine Read() => new(
        Cpu: FieldOf("/proc/cpuinfo", "model name") ?? RuntimeInformation.ProcessArchitecture.ToString(),
        Cores: Environment.ProcessorCount,
        MemoryGiB: GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / GiB,
        OperatingSystem: OsRelease() ?? RuntimeInformation.OSDescription);

    /// <summary>The versions of the programs that take part.</summary>
    public static async Task<Dictionary<string, string>> ReadVersionsAsync(BenchStack stack) => new()
    {
        [".NET"] = Environment.Version.ToString(),
        ["PostgreSQL"] = stack.Postgres.Server.Version,
        ["Redis"] = await stack.ReadRedisVersionAsync(),
        ["node"] = await NodeVersionAsync(stack.Stop) ?? "none",
    };

    private static async Task<string?> NodeVersionAsync(CancellationToken cancellationToken)
    {
        if (Executables.Find("node") is not { } node) return null;
        var run = await CommandRun.OfAsync([node, "--version"], cancellationToken: cancellationToken);
        return run.Succeeded ? run.Output.Trim().TrimStart('v') : null;
    }

    private static string? OsRelease() => FieldOf("/etc/os-release", "PRETTY_NAME", '=')?.Trim('"');

    private static string? FieldOf(string file, string name, char separator = ':')
    {
        if (!File.Exists(file)) return null;
        var line = File.ReadLines(file).FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal));
        return line?[(line.IndexOf(separator, StringComparison.Ordinal) + 1)..].Trim();
    }
}
