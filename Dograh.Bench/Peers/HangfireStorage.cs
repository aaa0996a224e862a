using Hangfire.PostgreSql;

namespace Dograh.Bench.Peers;

/// <summary>Hangfire's tables in PostgreSQL, with the settings that its documentation recommends for throughput.</summary>
internal static class HangfireStorage
{
    /// <summary>The schema that all of it is in.</summary>
    public const string Schema = "hangfire";

    public static PostgreSqlStorage Open(PeerOrder order) => new(
        new Hangfire.PostgreSql.Factories.NpgsqlConnectionFactory(order.ConnectionString, new PostgreSqlStorageOptions()),
        new PostgreSqlStorageOptions
        {
            SchemaName = Schema,
            PrepareSchemaIfNecessary = true,
            // A fetch without a transaction that stays open while the delivery is made.
            UseSlidingInvisibilityTimeout = true,
            QueuePollInterval = TimeSpan.FromMilliseconds(50),
        });
}
