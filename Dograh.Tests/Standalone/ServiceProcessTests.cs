using System.Globalization;
using Dograh.Standalone;

namespace Dograh.Tests.Standalone;

/// <summary>With Garnet in the place of a service: it is a .NET program that runs until it is stopped.</summary>
public sealed class ServiceProcessTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly TemporaryFolder _folder = new();
    private readonly int _port = FreePort.Next();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task It_stops_in_good_order_when_asked()
    {
        await using var service = await StartAsync();

        Assert.True(await service.StopAsync(Patience));

        Assert.NotEqual(128 + 9, await service.Exited);
        Assert.True(FreePort.IsFree(_port));
    }

    [Fact]
    public async Task Killed_it_is_gone_at_once_and_can_be_started_again()
    {
        await using var service = await StartAsync();
        var processId = service.ProcessId;

        service.Kill();
        Assert.Equal(128 + 9, await service.Exited.WaitAsync(Patience, TestContext.Current.CancellationToken));
        await service.RestartAsync(TestContext.Current.CancellationToken);

        Assert.NotEqual(processId, service.ProcessId);
        await Processes.EventuallyAsync(() => Task.FromResult(!FreePort.IsFree(_port)), "the service listens again");
    }

    [Fact]
    public async Task One_that_ends_before_it_is_ready_says_why()
    {
        await using var service = await ServiceProcess.StartAsync(await OptionsAsync("--no-such-option") with { Health = new Uri($"http://localhost:{_port}/health") });

        var fault = await Assert.ThrowsAsync<StandaloneException>(() => service.WaitUntilReadyAsync(TestContext.Current.CancellationToken));

        Assert.StartsWith("The service ended with exit code", fault.Message, StringComparison.Ordinal);
        Assert.Contains("no-such-option", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_that_never_becomes_ready_is_told_so()
    {
        var options = await OptionsAsync() with { Health = new Uri($"http://localhost:{FreePort.Next()}/health"), StartLimit = TimeSpan.FromSeconds(0.2) };
        await using var service = await ServiceProcess.StartAsync(options);

        var fault = await Assert.ThrowsAsync<StandaloneException>(() => service.WaitUntilReadyAsync(TestContext.Current.CancellationToken));

        Assert.StartsWith("The service is not ready after 0 s.", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_log_line_can_be_waited_for()
    {
        await using var service = await StartAsync();

        await Assert.ThrowsAsync<StandaloneException>(
            () => service.WaitForLogAsync("never written", TimeSpan.FromSeconds(0.2), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Its_environment_is_ours_with_the_additions_and_no_terminal_or_pipe_is_shared()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "looks into /proc");
        await using var service = await ServiceProcess.StartAsync(
            await OptionsAsync() with { Environment = new Dictionary<string, string?> { ["DOGRAH_TEST"] = "added", ["HOME"] = null } });
        await service.WaitForLogAsync("Ready to accept connections", Patience, TestContext.Current.CancellationToken);
        var process = $"/proc/{service.ProcessId.ToString(CultureInfo.InvariantCulture)}";

        var environment = (await File.ReadAllTextAsync(process + "/environ", TestContext.Current.CancellationToken)).Split('\0');
        Assert.Contains("DOGRAH_TEST=added", environment);
        Assert.Contains($"PATH={Environment.GetEnvironmentVariable("PATH")}", environment);
        Assert.DoesNotContain(environment, variable => variable.StartsWith("HOME=", StringComparison.Ordinal));
        Assert.Equal("/dev/null", new FileInfo(process + "/fd/0").LinkTarget);
        Assert.Equal(service.LogFile, new FileInfo(process + "/fd/1").LinkTarget);
        Assert.Equal(service.LogFile, new FileInfo(process + "/fd/2").LinkTarget);
        var session = (await File.ReadAllTextAsync(process + "/stat", TestContext.Current.CancellationToken)).Split(' ')[5];
        Assert.Equal(service.ProcessId.ToString(CultureInfo.InvariantCulture), session);
    }

    private async Task<ServiceProcess> StartAsync()
    {
        var service = await ServiceProcess.StartAsync(await OptionsAsync());
        await service.WaitForLogAsync("Ready to accept connections", Patience, TestContext.Current.CancellationToken);
        return service;
    }

    private async Task<ServiceOptions> OptionsAsync(params string[] arguments) => new()
    {
        Name = "service",
        Assembly = (await GarnetTool.RestoreAsync(null, TestContext.Current.CancellationToken)).Assembly,
        Arguments =
        [
            "--port", _port.ToString(CultureInfo.InvariantCulture), "--bind", "127.0.0.1", "--memory", "64m", "--page", "1m", "--index", "8m", .. arguments,
        ],
        LogFile = _folder.Below("service.log"),
    };
}
