using Dograh.Standalone;

namespace Dograh.Tests.Standalone;

public sealed class RedisServerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("garnet")]
    [InlineData("redis")]
    public async Task It_answers_and_leaves_no_process(string kind)
    {
        var server = await StartAsync(kind);
        Assert.Equal("+PONG", await Processes.AskRedisAsync(server.Port, "PING"));
        Assert.Equal(":1", await Processes.AskRedisAsync(server.Port, "ZADD due LT 1 a"));

        await server.DisposeAsync();

        Assert.True(server.Exited.IsCompleted);
        Assert.True(FreePort.IsFree(server.Port));
        Assert.DoesNotContain(Directory.EnumerateFiles(_folder.Path), file => file.EndsWith(".rdb", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("garnet")]
    [InlineData("redis")]
    public async Task Killed_it_comes_back_empty_on_the_same_port(string kind)
    {
        await using var server = await StartAsync(kind);
        var port = server.Port;
        await Processes.AskRedisAsync(port, "SET a 1");

        server.Kill();
        await server.Exited;
        await server.RestartAsync(TestContext.Current.CancellationToken);

        Assert.Equal(port, server.Port);
        Assert.Equal("$-1", await Processes.AskRedisAsync(port, "GET a"));
    }

    [Theory]
    [InlineData("garnet")]
    [InlineData("redis")]
    public async Task A_port_in_use_is_named(string kind)
    {
        await using var first = await StartAsync(kind);

        var refusal = await Assert.ThrowsAsync<StandaloneException>(() => StartAsync(kind, first.Port));

        Assert.EndsWith($" cannot listen on port {first.Port}, which is in use by another program.", refusal.Message, StringComparison.Ordinal);
    }

    private async Task<RedisCompatibleServer> StartAsync(string kind, int? port = null) => kind == "garnet"
        ? await GarnetServer.StartAsync(_folder.Path, port, cancellationToken: TestContext.Current.CancellationToken)
        : await RedisServer.StartAsync(_folder.Path, port, cancellationToken: TestContext.Current.CancellationToken);
}
