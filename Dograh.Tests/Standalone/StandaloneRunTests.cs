using System.Net;
using System.Net.Sockets;
using Dograh.Standalone;

namespace Dograh.Tests.Standalone;

/// <summary>Starts that are refused before anything runs.</summary>
public sealed class StandaloneRunTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly StringWriter _output = new();
    private readonly StringWriter _error = new();

    public void Dispose()
    {
        _output.Dispose();
        _error.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_port_in_use_is_one_message()
    {
        using var squatter = new TcpListener(IPAddress.Loopback, 0);
        squatter.Start();
        var port = ((IPEndPoint)squatter.LocalEndpoint).Port;

        Assert.Equal(1, await RunAsync(port));

        Assert.Equal($"error: Port {port} is in use by another program. Choose another one with --port, or any free one with --port 0.\n", Lines(_error));
        Assert.Empty(Processes.Naming(_folder.Path));
    }

    [Fact]
    public async Task A_second_start_on_the_same_folder_is_one_message()
    {
        using var first = DataFolder.Open(_folder.Path);

        Assert.Equal(1, await RunAsync(FreePort.Next()));

        Assert.Equal(
            $"error: Dograh Standalone already runs on {_folder.Path} (process {Environment.ProcessId}). Stop that one, or choose another folder with --data (and another port with --port).\n",
            Lines(_error));
        Assert.Equal("", _output.ToString());
    }

    [Fact]
    public async Task A_file_in_the_place_of_the_folder_is_one_message()
    {
        var file = _folder.Below("file");
        await File.WriteAllTextAsync(file, "", TestContext.Current.CancellationToken);

        Assert.Equal(1, await RunAsync(FreePort.Next(), file));

        Assert.Equal($"error: {file} is a file; the data needs a folder. Choose another one with --data.\n", Lines(_error));
    }

    private async Task<int> RunAsync(int port, string? data = null)
    {
        using var signals = new StopSignals();
        return await StandaloneRun.RunAsync(
            new StandaloneSettings(port, data ?? _folder.Path, Workers: 1, Demo: false), new Terminal(_output, _error, colour: false), signals);
    }

    private static string Lines(StringWriter writer) => writer.ToString().ReplaceLineEndings("\n");
}
