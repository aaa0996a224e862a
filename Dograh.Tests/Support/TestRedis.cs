using Dograh.Standalone;
using Dograh.Webhooks.Queue;
using StackExchange.Redis;

namespace Dograh.Tests.Support;

/// <summary>A logical database of a shared Redis or Garnet, the test's own until it is disposed.</summary>
/// <remarks>Keys are apart by the logical database; channels are not, so that a test may be woken by another's message, as a worker may.</remarks>
public sealed class TestRedis : IAsyncDisposable
{
    private readonly Func<ValueTask> _giveBack;

    internal TestRedis(string connectionString, int number, Func<ValueTask> giveBack)
    {
        ConnectionString = $"{connectionString},defaultDatabase={number}";
        Connection = QueueServices.Connect($"{ConnectionString},allowAdmin=true"); // FLUSHDB is an administrator's command
        Database = Connection.GetDatabase();
        _giveBack = giveBack;
    }

    /// <summary>How the system under test connects.</summary>
    public string ConnectionString { get; }

    /// <summary>The test's own connection, made as the system makes its.</summary>
    public IConnectionMultiplexer Connection { get; }

    /// <summary>The logical database.</summary>
    public IDatabase Database { get; }

    /// <summary>Forgets everything, as a Redis does that was restarted without persistence.</summary>
    public Task FlushAsync() => Database.ExecuteAsync("FLUSHDB");

    public async ValueTask DisposeAsync()
    {
        try
        {
            await FlushAsync();
            await Connection.DisposeAsync();
        }
        finally
        {
            await _giveBack();
        }
    }
}

/// <summary>A server's logical databases, each lent to one test at a time; who comes when all are lent waits.</summary>
internal sealed class TestRedisPool(RedisCompatibleServer server) : IAsyncDisposable
{
    // What both servers have unless told otherwise.
    private const int LogicalDatabases = 16;

    private readonly System.Collections.Concurrent.ConcurrentQueue<int> _free = new(Enumerable.Range(0, LogicalDatabases));
    private readonly SemaphoreSlim _places = new(LogicalDatabases);

    public async Task<TestRedis> RentAsync()
    {
        await _places.WaitAsync(TestContext.Current.CancellationToken).Soon();
        if (!_free.TryDequeue(out var number)) throw new InvalidOperationException("A place without a logical database.");
        return new TestRedis(server.ConnectionString, number, () =>
        {
            _free.Enqueue(number);
            _places.Release();
            return ValueTask.CompletedTask;
        });
    }

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        _places.Dispose();
    }
}
