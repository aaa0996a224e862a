using System.Diagnostics;
using Dograh.Tests.AppHost;
using Dograh.Tests.Support;

namespace Dograh.Tests.SupplyChain;

/// <summary>What <c>./audit</c> makes of the answers that package sources give. The sources are a receiver, and what <c>dotnet</c> says of them is written beforehand.</summary>
public sealed class AuditTests(TestServers servers)
{
    private const string NothingFound = """{"version": 1, "sources": ["SOURCE"], "projects": [{"path": "a.csproj"}]}""";

    private const string Found =
        """
        {"version": 1, "sources": ["SOURCE"], "projects": [{"path": "a.csproj", "frameworks": [{"transitivePackages": [{"id": "Bad", "resolvedVersion": "1.0.0",
        "vulnerabilities": [{"severity": "High", "advisoryurl": "https://advisories.example/1"}]}]}]}]}
        """;

    private const string Knows = """{"resources": [{"@type": "VulnerabilityInfo/6.7.0"}]}""";
    private const string KnowsNothing = """{"resources": [{"@type": "PackageBaseAddress/3.0.0"}]}""";

    [Theory]
    [InlineData(NothingFound, Knows, "", 0, "audit: no known vulnerability.")]
    [InlineData(Found, Knows, "", 1, "audit: packages with known vulnerabilities")]
    [InlineData(Found, KnowsNothing, "", 1, "audit: packages with known vulnerabilities")]
    [InlineData(NothingFound, KnowsNothing, "", 0, "audit: no package source tells of vulnerabilities; nothing was checked.")]
    [InlineData(NothingFound, KnowsNothing, "--strict", 1, "audit: no package source tells of vulnerabilities; nothing was checked.")]
    [InlineData("error: no such host", Knows, "", 0, "audit: no package source answers; nothing was checked.")]
    [InlineData("error: no such host", Knows, "--strict", 1, "audit: no package source answers; nothing was checked.")]
    public async Task It_fails_over_what_is_known_and_says_where_nothing_can_be(string answer, string source, string argument, int exitCode, string says)
    {
        await using var receiver = await Receiver.StartAsync();
        receiver.Answers(Reply.Status(200, source));
        var folder = servers.NewFolder("audit");
        await File.WriteAllTextAsync(Path.Combine(folder, "answer"), answer.Replace("SOURCE", receiver.Url.AbsoluteUri, StringComparison.Ordinal), TestContext.Current.CancellationToken);
        var dotnet = Path.Combine(folder, "dotnet");
        await File.WriteAllTextAsync(dotnet, $"#!/bin/sh\n[ \"$1\" = restore ] || cat '{folder}/answer'\n", TestContext.Current.CancellationToken);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(dotnet, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

        var start = new ProcessStartInfo(Path.Combine(Repository.Root, "audit")) { UseShellExecute = false, RedirectStandardError = true };
        if (argument.Length > 0) start.ArgumentList.Add(argument);
        start.Environment["PATH"] = $"{folder}:{Environment.GetEnvironmentVariable("PATH")}";
        start.Environment["no_proxy"] = "127.0.0.1";
        using var audit = Process.Start(start)!;
        var error = await audit.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken).Soon();
        await audit.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Contains(says, error, StringComparison.Ordinal);
        Assert.Equal(exitCode, audit.ExitCode);
    }
}
