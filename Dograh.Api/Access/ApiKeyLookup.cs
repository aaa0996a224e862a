using Dograh.Webhooks.Batching;
using Npgsql;
using NpgsqlTypes;

namespace Dograh.Api.Access;

/// <summary>Finds whose API key has a hash. PostgreSQL is asked for each request, for many requests at once.</summary>
internal sealed class ApiKeyLookup
{
    private const string Sql =
        """
        SELECT h.n, k.organization_id
        FROM unnest($1) WITH ORDINALITY AS h (key_hash, n)
        JOIN api_keys AS k ON k.key_hash = h.key_hash
        """;

    private const int MaxBatch = 128;

    private readonly NpgsqlDataSource _dataSource;
    private readonly Batcher<byte[], long?> _batcher;

    public ApiKeyLookup(NpgsqlDataSource dataSource)
    {
        _dataSource = dataSource;
        _batcher = new(ReadAsync, MaxBatch, concurrency: 1);
    }

    /// <summary>The organization whose key it is; null if it is nobody's.</summary>
    public Task<long?> FindOrganizationAsync(byte[] keyHash) => _batcher.RunAsync(keyHash);

    private async Task<IReadOnlyList<long?>> ReadAsync(IReadOnlyList<byte[]> hashes)
    {
        await using var command = _dataSource.CreateCommand(Sql);
        command.Parameters.Add(new NpgsqlParameter<byte[][]> { TypedValue = [.. hashes], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea });
        var organizations = new long?[hashes.Count];
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync()) organizations[reader.GetInt64(0) - 1] = reader.GetInt64(1);
        return organizations;
    }
}
