using System.CommandLine;
using Dograh.Standalone;

namespace Dograh.Tests.Standalone;

public sealed class StandaloneCommandTests
{
    [Fact]
    public async Task Without_arguments_everything_has_its_default()
    {
        Assert.Equal(new StandaloneSettings(8080, Path.GetFullPath(".dograh"), 1, Demo: true), await ParseAsync(""));
    }

    [Fact]
    public async Task Each_option_is_taken()
    {
        Assert.Equal(
            new StandaloneSettings(0, Path.GetFullPath("elsewhere"), 3, Demo: false),
            await ParseAsync("--port 0 --data elsewhere --workers 3 --no-demo"));
    }

    [Theory]
    [InlineData("--port 65536", "--port must be between 0 and 65535.")]
    [InlineData("--port -1", "--port must be between 0 and 65535.")]
    [InlineData("--workers 0", "--workers must be between 1 and 32.")]
    [InlineData("--port http", "Cannot parse argument 'http' for option '--port'")]
    [InlineData("--prot 1", "'--prot'")]
    public async Task A_bad_argument_is_named_and_nothing_is_started(string arguments, string complaint)
    {
        var error = new StringWriter();
        var started = false;
        var command = StandaloneCommand.Create(_ =>
        {
            started = true;
            return Task.FromResult(0);
        });

        var exitCode = await command.Parse(arguments).InvokeAsync(
            new InvocationConfiguration { Error = error, Output = TextWriter.Null }, TestContext.Current.CancellationToken);

        Assert.NotEqual(0, exitCode);
        Assert.Contains(complaint, error.ToString(), StringComparison.Ordinal);
        Assert.False(started);
    }

    [Fact]
    public async Task Help_names_every_option()
    {
        var output = new StringWriter();

        await StandaloneCommand.Create(_ => Task.FromResult(0)).Parse("--help").InvokeAsync(
            new InvocationConfiguration { Output = output }, TestContext.Current.CancellationToken);

        Assert.All(["--port", "--data", "--workers", "--no-demo"], option => Assert.Contains(option, output.ToString(), StringComparison.Ordinal));
    }

    private static async Task<StandaloneSettings> ParseAsync(string arguments)
    {
        StandaloneSettings? parsed = null;
        var command = StandaloneCommand.Create(settings =>
        {
            parsed = settings;
            return Task.FromResult(0);
        });
        Assert.Equal(0, await command.Parse(arguments).InvokeAsync(null, TestContext.Current.CancellationToken));
        return parsed!;
    }
}
