using Dograh.Webhooks.Data;
using Dograh.Webhooks.Deliveries;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Dograh.Tests.Support;

/// <summary>A migrated database of one test's own, connected to as the system connects.</summary>
/// <remarks>What it reads and writes by itself is plain SQL with <c>$1, $2, …</c>; rows are made with <see cref="Given"/>.</remarks>
public sealed class TestDatabase : IAsyncDisposable
{
    private readonly Func<Task> _dispose;

    public TestDatabase(string connectionString, Func<Task>? dispose = null)
    {
        ConnectionString = connectionString;
        DataSource = DatabaseServices.BuildDataSource(connectionString);
        Store = new DeliveryStore(DataSource);
        _dispose = dispose ?? (() => Task.CompletedTask);
    }

    /// <summary>How the system under test connects.</summary>
    public string ConnectionString { get; }

    /// <summary>The test's own connections.</summary>
    public NpgsqlDataSource DataSource { get; }

    /// <summary>The store over <see cref="DataSource"/>.</summary>
    public DeliveryStore Store { get; }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>A context, the caller's to dispose.</summary>
    public DograhDbContext NewContext()
    {
        var options = new DbContextOptionsBuilder<DograhDbContext>();
        DatabaseServices.Configure(options, DataSource);
        return new DograhDbContext(options.Options);
    }

    /// <summary>Runs a statement and says how many rows it touched.</summary>
    public async Task<int> ExecuteAsync(string sql, params object?[] parameters)
    {
        await using var command = Command(sql, parameters);
        return await command.ExecuteNonQueryAsync(Token);
    }

    /// <summary>Reads one value.</summary>
    public async Task<T> ScalarAsync<T>(string sql, params object?[] parameters) => Assert.Single(await ColumnAsync<T>(sql, parameters));

    /// <summary>Reads a column.</summary>
    public async Task<IReadOnlyList<T>> ColumnAsync<T>(string sql, params object?[] parameters)
    {
        await using var command = Command(sql, parameters);
        await using var reader = await command.ExecuteReaderAsync(Token);
        var values = new List<T>();
        while (await reader.ReadAsync(Token)) values.Add(await reader.GetFieldValueAsync<T>(0, Token));
        return values;
    }

    /// <summary>A delivery as it is now.</summary>
    public async Task<WebhookDelivery> DeliveryAsync(DeliveryKey key)
    {
        await using var context = NewContext();
        return await context.WebhookDeliveries.AsNoTracking().SingleAsync(row => row.OrganizationId == key.OrganizationId && row.Id == key.Id, Token);
    }

    /// <summary>All deliveries as they are now, by key.</summary>
    public async Task<IReadOnlyList<WebhookDelivery>> DeliveriesAsync()
    {
        await using var context = NewContext();
        return await context.WebhookDeliveries.AsNoTracking().OrderBy(row => row.OrganizationId).ThenBy(row => row.Id).ToListAsync(Token);
    }

    /// <summary>A delivery's attempts, by number.</summary>
    public async Task<IReadOnlyList<DeliveryAttempt>> AttemptsAsync(DeliveryKey key)
    {
        await using var context = NewContext();
        return await context.WebhookDeliveryAttempts.AsNoTracking()
            .Where(row => row.OrganizationId == key.OrganizationId && row.DeliveryId == key.Id).OrderBy(row => row.Number).ToListAsync(Token);
    }

    /// <summary>What must hold of every delivery at any time: attempts numbered 1, 2, 3, … and as many as are counted (I7, I8).</summary>
    public async Task AssertConservedAsync()
    {
        foreach (var delivery in await DeliveriesAsync())
        {
            var attempts = await AttemptsAsync(new DeliveryKey(delivery.OrganizationId, delivery.Id));
            Assert.Equal(Enumerable.Range(1, delivery.AttemptCount), attempts.Select(attempt => attempt.Number));
            Assert.True(delivery.AttemptCount <= delivery.MaxAttempts, $"{delivery.AttemptCount} attempts of {delivery.MaxAttempts}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await DataSource.DisposeAsync();
        await _dispose();
    }

    private NpgsqlCommand Command(string sql, object?[] parameters)
    {
        var command = DataSource.CreateCommand(sql);
        foreach (var value in parameters) command.Parameters.Add(value as NpgsqlParameter ?? new NpgsqlParameter { Value = value ?? DBNull.Value });
        return command;
    }
}

/// <summary>A test class whose every test has a database of its own.</summary>
public abstract class DatabaseTest(TestServers servers) : IAsyncLifetime
{
    /// <summary>The run's servers.</summary>
    protected TestServers Servers { get; } = servers;

    /// <summary>The test's own database.</summary>
    protected TestDatabase Database { get; private set; } = null!;

    /// <summary>Cancelled when the run is.</summary>
    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    public virtual async ValueTask InitializeAsync() => Database = await Servers.RentDatabaseAsync();

    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await Database.DisposeAsync();
    }
}
