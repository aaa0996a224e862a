using System.Diagnostics;
using Dograh.Chaos;
using Dograh.Standalone;
using Dograh.Tests.Standalone;

namespace Dograh.Tests.Chaos;

/// <summary>The program as it is started, for the shortest time in which every kind of fault happens.</summary>
public sealed class ChaosProgramTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(6);

    [Fact]
    public async Task After_a_minute_of_every_kind_of_fault_each_delivery_has_arrived_or_is_a_dead_letter()
    {
        using var folder = new TemporaryFolder();

        var (exitCode, text) = await RunAsync(folder, "--minutes", "1", "--seed", "20261124");

        Assert.True(exitCode == 0, text);
        Assert.Contains("Nothing lost.", text, StringComparison.Ordinal);
        Assert.Empty(Processes.Naming(folder.Path));
        Assert.Empty(Directory.EnumerateDirectories(folder.Path, "dograh-chaos-*"));
    }

    [Theory]
    [InlineData("--minutes", "0")]
    [InlineData("--minutes", "-1")]
    [InlineData("--seed", "many")]
    public async Task A_command_line_that_makes_no_sense_is_refused(params string[] arguments)
    {
        using var folder = new TemporaryFolder();

        var (exitCode, text) = await RunAsync(folder, arguments);

        Assert.Equal(1, exitCode);
        Assert.Contains(arguments[0], text, StringComparison.Ordinal);
    }

    // With a folder of its own for temporary files, so that what it leaves behind can be told from another's.
    private static async Task<(int ExitCode, string Text)> RunAsync(TemporaryFolder folder, params string[] arguments)
    {
        var start = new ProcessStartInfo(StackLayout.DotnetHost, ["exec", typeof(ChaosSettings).Assembly.Location, .. arguments])
        {
            UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        start.Environment["TMPDIR"] = folder.Path;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        try
        {
            await process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Patience, TestContext.Current.CancellationToken);
            return (process.ExitCode, await output + await error);
        }
        finally
        {
            if (!process.HasExited) process.Kill();
        }
    }
}
