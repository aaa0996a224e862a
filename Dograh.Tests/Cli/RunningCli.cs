using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Dograh.Standalone;
using Dograh.Tests.Support;

namespace Dograh.Tests.Cli;

/// <summary>The command line at work.</summary>
internal sealed class RunningCli : IAsyncDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _error = new();
    private readonly Task _reading;

    public RunningCli(Process process)
    {
        _process = process;
        _reading = Task.WhenAll(ReadAsync(process.StandardOutput, _output), ReadAsync(process.StandardError, _error));
    }

    /// <summary>What it has written to its standard output so far; in a terminal, to both.</summary>
    public string Output
    {
        get
        {
            lock (_output) return _output.ToString();
        }
    }

    /// <summary>What it has written to its standard error so far.</summary>
    public string Error
    {
        get
        {
            lock (_error) return _error.ToString();
        }
    }

    /// <summary>The documents that it has written so far, a line each.</summary>
    public IReadOnlyList<JsonElement> Events => [.. Output.Split('\n')[..^1].Select(line => JsonElement.Parse(line))];

    /// <summary>Waits until it has written something, to whichever stream.</summary>
    public Task ShowsAsync(string text) => Eventually.TrueAsync(() =>
    {
        if (Output.Contains(text, StringComparison.Ordinal) || Error.Contains(text, StringComparison.Ordinal)) return true;
        if (_reading.IsCompleted) Assert.Fail($"It has ended without '{text}': {Output}{Error}");
        return false;
    }, described: $"the program shows '{text}'");

    /// <summary>Types.</summary>
    public async Task TypeAsync(string text)
    {
        await _process.StandardInput.WriteAsync(text.AsMemory(), TestContext.Current.CancellationToken);
        await _process.StandardInput.FlushAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Says that nothing more will be typed.</summary>
    public void EndInput() => _process.StandardInput.Close();

    /// <summary>Interrupts it as Ctrl+C does that is typed in a terminal.</summary>
    public Task<CliResult> InterruptAsync()
    {
        UnixCalls.Signal(_process.Id, UnixSignal.Interrupt);
        return EndAsync();
    }

    /// <summary>Waits until it has ended.</summary>
    public async Task<CliResult> EndAsync()
    {
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken).Soon();
        await _reading.Soon();
        return new CliResult(_process.ExitCode, Output, Error);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync(CancellationToken.None);
        await _reading;
        _process.Dispose();
    }

    private static async Task ReadAsync(StreamReader reader, StringBuilder text)
    {
        var buffer = new char[4096];
        while (await reader.ReadAsync(buffer, CancellationToken.None) is > 0 and var length)
        {
            lock (text) text.Append(buffer, 0, length);
        }
    }
}

/// <summary>What a command came to.</summary>
internal sealed record CliResult(int ExitCode, string Output, string Error)
{
    /// <summary>Its lines.</summary>
    public string[] Lines => Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>It has ended with this, and said nothing to the standard error where it succeeded.</summary>
    public CliResult Is(int exitCode)
    {
        Assert.True(ExitCode == exitCode, $"It ended with {ExitCode}, not {exitCode}: {Output}{Error}");
        return this;
    }

    /// <summary>Its one JSON document.</summary>
    public JsonElement Json()
    {
        Assert.Single(Lines);
        return JsonElement.Parse(Output);
    }
}
