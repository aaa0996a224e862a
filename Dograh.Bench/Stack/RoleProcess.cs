using System.Diagnostics;
using System.Text.Json;
using Dograh.Bench.Roles;
using Dograh.Standalone;

namespace Dograh.Bench.Stack;

/// <summary>A process that is spoken with by lines: this very program in one of its <see cref="Role"/>s, or a peer's.</summary>
internal sealed class RoleProcess : IAsyncDisposable
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);

    private readonly Process _process;
    private readonly string _name;

    private RoleProcess(Process process, string name) => (_process, _name) = (process, name);

    public int Id => _process.Id;

    /// <summary>Starts this program in a role.</summary>
    public static RoleProcess Start(params string[] arguments) =>
        StartProgram(arguments[0], StackLayout.DotnetHost, ["exec", typeof(RoleProcess).Assembly.Location, .. arguments]);

    /// <summary>Starts another program.</summary>
    /// <param name="name">What it is called in messages.</param>
    /// <param name="program">The program.</param>
    /// <param name="arguments">What it is called with. Everybody on the machine can read it, so never a secret.</param>
    /// <param name="workingDirectory">The folder it runs in.</param>
    public static RoleProcess StartProgram(string name, string program, IEnumerable<string> arguments, string workingDirectory = "")
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, WorkingDirectory = workingDirectory,
        };
        return new RoleProcess(Process.Start(start) ?? throw new BenchException($"{name} did not start."), name);
    }

    /// <summary>Sends it a line.</summary>
    public async Task TellAsync(string line, CancellationToken cancellationToken)
    {
        try
        {
            await _process.StandardInput.WriteLineAsync(line.AsMemory(), cancellationToken);
            await _process.StandardInput.FlushAsync(cancellationToken);
        }
        catch (IOException e)
        {
            throw new BenchException($"{_name} has ended; what it complained of is above.", e);
        }
    }

    /// <summary>Sends it an object as a line of JSON.</summary>
    public Task TellAsync<T>(T order, CancellationToken cancellationToken) => TellAsync(JsonSerializer.Serialize(order), cancellationToken);

    /// <summary>Reads the next line that it prints.</summary>
    public async Task<string> HearAsync(CancellationToken cancellationToken) =>
        await _process.StandardOutput.ReadLineAsync(cancellationToken) ?? throw new BenchException($"{_name} ended without an answer; what it complained of is above.");

    /// <summary>Reads the next line as JSON.</summary>
    public async Task<T> HearAsync<T>(CancellationToken cancellationToken) => JsonSerializer.Deserialize<T>(await HearAsync(cancellationToken))!;

    /// <summary>Waits for a line that it must print next.</summary>
    public async Task ExpectAsync(string line, CancellationToken cancellationToken)
    {
        var heard = await HearAsync(cancellationToken);
        if (heard != line) throw new BenchException($"{_name} said \"{heard}\" in place of \"{line}\".");
    }

    /// <summary>Closes its input, which ends it, and kills it if it does not.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has ended, with a line of ours unread.
        }

        await _process.WaitForExitAsync().WaitAsync(Grace, TimeProvider.System).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!_process.HasExited) _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
