using System.Diagnostics;
using System.Text.Json;
using Dograh.Standalone;

namespace Dograh.Bench.Stack;

/// <summary>This very program in a process of its own, in another role: the receiver, the bare API, the sender of a load.</summary>
internal sealed class RoleProcess : IAsyncDisposable
{
    private readonly Process _process;

    private RoleProcess(Process process) => _process = process;

    public int Id => _process.Id;

    /// <summary>Starts a role.</summary>
    public static RoleProcess Start(params string[] arguments)
    {
        var start = new ProcessStartInfo(StackLayout.DotnetHost) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true };
        start.ArgumentList.Add("exec");
        start.ArgumentList.Add(typeof(RoleProcess).Assembly.Location);
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        return new RoleProcess(Process.Start(start) ?? throw new InvalidOperationException("The process did not start."));
    }

    /// <summary>Sends it a line.</summary>
    public async Task TellAsync(string line)
    {
        await _process.StandardInput.WriteLineAsync(line);
        await _process.StandardInput.FlushAsync();
    }

    /// <summary>Reads the next line that it prints.</summary>
    public async Task<string> HearAsync() =>
        await _process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("The process ended without an answer; what it complained of is above.");

    /// <summary>Reads the next line as JSON.</summary>
    public async Task<T> HearAsync<T>() => JsonSerializer.Deserialize<T>(await HearAsync())!;

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
