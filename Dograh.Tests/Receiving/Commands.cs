using System.Diagnostics;

namespace Dograh.Tests.Receiving;

/// <summary>Runs programs that end by themselves.</summary>
internal static class Commands
{
    /// <summary>Runs one, which must succeed.</summary>
    /// <returns>What it wrote.</returns>
    public static async Task<string> RunAsync(string folder, string command, params string[] arguments)
    {
        var start = new ProcessStartInfo(command, arguments)
        {
            WorkingDirectory = folder,
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["GO111MODULE"] = "off";
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, $"{command} ended with {process.ExitCode}: {output}{await errors}");
        return output;
    }
}
