using System.Diagnostics;
using System.Net.Sockets;
using System.Text;

namespace Dograh.Tests.Standalone;

/// <summary>Looks at processes and servers from outside.</summary>
internal static class Processes
{
    /// <summary>The command lines of all processes that name a folder.</summary>
    public static IReadOnlyList<string> Naming(string folder) =>
        [.. Directory.EnumerateDirectories("/proc").Select(CommandLineOf).Where(line => line.Contains(folder, StringComparison.Ordinal))];

    /// <summary>Waits, at most 20 s, until a condition holds.</summary>
    public static async Task EventuallyAsync(Func<Task<bool>> condition, string what)
    {
        var watch = Stopwatch.StartNew();
        while (!await condition())
        {
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(20), $"not within 20 s: {what}");
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Sends one command in the Redis protocol and reads the first line of the answer.</summary>
    public static async Task<string> AskRedisAsync(int port, string command)
    {
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", port, TestContext.Current.CancellationToken);
        await using var stream = client.GetStream();
        var words = command.Split(' ');
        var message = $"*{words.Length}\r\n" + string.Concat(words.Select(word => $"${word.Length}\r\n{word}\r\n"));
        await stream.WriteAsync(Encoding.ASCII.GetBytes(message), TestContext.Current.CancellationToken);
        using var reader = new StreamReader(stream);
        return await reader.ReadLineAsync(TestContext.Current.CancellationToken) ?? "";
    }

    private static string CommandLineOf(string processDirectory)
    {
        try
        {
            return File.ReadAllText(Path.Combine(processDirectory, "cmdline")).Replace('\0', ' ');
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return ""; // ended in the meantime
        }
    }
}
