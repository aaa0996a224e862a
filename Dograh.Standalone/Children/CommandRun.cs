using System.Diagnostics;

namespace Dograh.Standalone;

/// <summary>A short command that has run to its end: what it answered and what it said.</summary>
internal sealed record CommandRun(int ExitCode, string Output, string Error)
{
    /// <summary>Whether it succeeded, as commands tell.</summary>
    public bool Succeeded => ExitCode == 0;

    /// <summary>The last few lines of what it said, for a message.</summary>
    public string Complaint => LogFiles.LastLines(Error.Length > 0 ? Error : Output, 5);

    /// <summary>Runs a command and waits for it.</summary>
    /// <param name="command">The program and its arguments.</param>
    /// <param name="workingDirectory">The folder it runs in.</param>
    /// <param name="cancellationToken">Kills it.</param>
    /// <exception cref="StandaloneException">The program could not be started.</exception>
    public static async Task<CommandRun> OfAsync(IReadOnlyList<string> command, string? workingDirectory = null, CancellationToken cancellationToken = default)
    {
        var start = new ProcessStartInfo(command[0], command.Skip(1))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            CreateNoWindow = true,
            WorkingDirectory = workingDirectory ?? "",
        };
        start.Environment["LC_ALL"] = "C"; // some of what is said is looked for
        try
        {
            using var process = Process.Start(start) ?? throw new StandaloneException($"{command[0]} did not start.");
            process.StandardInput.Close();
            var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
            var error = process.StandardError.ReadToEndAsync(cancellationToken);
            try
            {
                await process.WaitForExitAsync(cancellationToken);
                return new CommandRun(process.ExitCode, await output, await error);
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                throw;
            }
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new StandaloneException($"{command[0]} could not be started: {e.Message}", e);
        }
    }
}
