using System.Diagnostics;
using Dograh.Standalone;
using Dograh.Tests.Docs;

namespace Dograh.Tests.Cli;

/// <summary>The command line as its user has it: a process with settings of its own.</summary>
/// <param name="folder">Where its settings are kept.</param>
internal sealed class CliProgram(string folder)
{
    /// <summary>Its assembly.</summary>
    public static string Assembly => Path.Combine(AppContext.BaseDirectory, "Dograh.Cli.dll");

    /// <summary>Where its login is kept.</summary>
    public string LoginFile => Path.Combine(folder, "dograh", "login.json");

    /// <summary>The environment that it runs in, besides this process's own.</summary>
    public Dictionary<string, string?> Environment { get; } = new()
    {
        ["XDG_CONFIG_HOME"] = folder, ["DOGRAH_URL"] = null, ["DOGRAH_API_KEY"] = null, ["DOGRAH_ORGANIZATION"] = null, ["DOGRAH_WEBHOOK_SECRET"] = null, ["NO_COLOR"] = null, ["TERM"] = "xterm-256color",
    };

    /// <summary>Runs it to its end, in a pipe.</summary>
    public Task<CliResult> RunAsync(params string[] arguments) => RunAsync("", arguments);

    /// <summary>Runs it to its end, in a pipe, with this on its standard input.</summary>
    public async Task<CliResult> RunAsync(string input, string[] arguments)
    {
        await using var running = Start(arguments);
        await running.TypeAsync(input);
        running.EndInput();
        return await running.EndAsync();
    }

    /// <summary>Starts it in a pipe.</summary>
    public RunningCli Start(params string[] arguments) => Launch(StackLayout.DotnetHost, ["exec", Assembly, .. arguments]);

    /// <summary>Starts it in a pseudo-terminal.</summary>
    public RunningCli StartInTerminal(params string[] arguments) => StartInTerminal(80, StackLayout.DotnetHost, ["exec", Assembly, .. arguments]);

    /// <summary>Starts any program in a pseudo-terminal.</summary>
    public RunningCli StartInTerminal(int columns, string program, string[] arguments) =>
        Launch("python3", [Path.Combine(Markdown.Root, "Dograh.Tests", "Cli", "terminal.py"), $"{columns}", program, .. arguments]);

    private RunningCli Launch(string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (var (name, value) in Environment)
        {
            if (value is null) start.Environment.Remove(name);
            else start.Environment[name] = value;
        }

        return new RunningCli(Process.Start(start)!);
    }
}
