using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Dograh.Standalone;
using Dograh.Tests.Scenarios;
using Dograh.Tests.Support;

namespace Dograh.Tests.Docs;

/// <summary>The README's tour with curl works as it is printed, for who has started Standalone as the README says.</summary>
public sealed partial class TourTests(TestServers servers)
{
    // Before the tour: what curl is answered goes to the error stream too, a line for each call.
    private const string WatchCurl =
        """
        set -u
        curl() { command curl --max-time 20 --write-out '%{stderr}%{http_code} %{method} %{url_effective}\n' "$@"; }

        """;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_command_of_it_succeeds_and_the_webhook_arrives_at_the_third_attempt_and_again_when_replayed()
    {
        var folder = servers.NewFolder("tour");
        var port = FreePort.Next();
        await using var standalone = await StartStandaloneAsync(folder, port);
        var tour = Markdown.Open("README.md").Code("A tour with curl", "bash");
        Assert.Equal(1, Occurrences(tour, "localhost:8080"));

        var (exitCode, output, calls, variables) = await RunAsync(
            tour.Replace("localhost:8080", $"localhost:{port.ToString(CultureInfo.InvariantCulture)}", StringComparison.Ordinal), folder);

        Assert.Equal(0, exitCode);
        Assert.NotEmpty(calls);
        Assert.All(calls, call => Assert.StartsWith("2", call, StringComparison.Ordinal));
        Assert.All(variables, variable => Assert.False(string.IsNullOrWhiteSpace(variable.Value), $"{variable.Key} is empty"));
        var answers = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonElement.Parse(line)).ToList();
        Assert.Equal(4, answers.Count); // the preview, the delivery, the replay, the figures
        Assert.Equal("would_send", answers[0].GetProperty("requests")[0].GetProperty("outcome").GetString());
        Assert.Equal("succeeded", answers[1].GetProperty("status").GetString());
        Assert.Equal(["503", "503", "200"], answers[1].GetProperty("attempts").EnumerateArray().Select(attempt => attempt.GetProperty("status_code").ToString()));
        Assert.Equal("Ana", answers[1].GetProperty("payload").GetProperty("customer").GetString());
        Assert.Equal((variables["DELIVERY"], "pending"), (answers[2].GetProperty("id").GetString(), answers[2].GetProperty("status").GetString()));
        Assert.Equal("5m", answers[3].GetProperty("window").GetString());

        // The receiver has refused it twice, and so accepts the replay at once.
        using var acme = new StackCaller(new Uri($"http://localhost:{port.ToString(CultureInfo.InvariantCulture)}"), variables["KEY"]);
        var delivery = await acme.ReachesAsync("succeeded", Guid.Parse(variables["DELIVERY"]));
        Assert.Equal(4, delivery.GetProperty("attempt_count").GetInt32());
    }

    private static async Task<ServiceProcess> StartStandaloneAsync(string folder, int port)
    {
        var standalone = await ServiceProcess.StartAsync(new ServiceOptions
        {
            Name = "standalone",
            Assembly = StackLayout.StandaloneAssembly,
            Arguments = ["--port", port.ToString(CultureInfo.InvariantCulture), "--data", Path.Combine(folder, ".dograh")],
            LogFile = Path.Combine(folder, "standalone.log"),
        });
        try
        {
            await standalone.WaitForLogAsync("\nReady: http://localhost:", Patience, Token);
            return standalone;
        }
        catch
        {
            await standalone.DisposeAsync();
            throw;
        }
    }

    // Runs the tour in bash, and has it tell the variables that it has set.
    private static async Task<(int ExitCode, string Output, string[] Calls, IReadOnlyDictionary<string, string> Variables)> RunAsync(string tour, string folder)
    {
        var names = Assignment().Matches(tour).Select(match => match.Groups["name"].Value).Distinct().ToList();
        var tell = string.Concat(names.Select(name => $"printf '{name}=%s\\n' \"${name}\"\n"));
        var start = new ProcessStartInfo("bash", ["-c", $"{WatchCurl}{tour}\n{{\n{tell}}} > variables"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            WorkingDirectory = folder,
        };
        start.Environment["no_proxy"] = "localhost";
        using var bash = Process.Start(start)!;
        try
        {
            var output = bash.StandardOutput.ReadToEndAsync(Token);
            var error = bash.StandardError.ReadToEndAsync(Token);
            await bash.WaitForExitAsync(Token).WaitAsync(Patience, TimeProvider.System, Token);
            var variables = (await File.ReadAllLinesAsync(Path.Combine(folder, "variables"), Token)).Select(line => line.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);
            return (bash.ExitCode, await output, (await error).Split('\n', StringSplitOptions.RemoveEmptyEntries), variables);
        }
        finally
        {
            if (!bash.HasExited) bash.Kill(entireProcessTree: true);
        }
    }

    private static int Occurrences(string text, string part) => text.Split(part).Length - 1;

    [GeneratedRegex("^(?<name>[A-Z_]+)=", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Assignment();
}
