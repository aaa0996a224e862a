using System.Buffers.Binary;
using System.Collections.Concurrent;
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

    // Every request begins here: a PostgreSQL that hangs, rather than refuses, must show soon.
    private const int TimeoutSeconds = 3;

    // Of keys beyond so many, some are looked up once more than they would have to be.
    private const int MaxKnown = 10_000;

    private readonly ConcurrentDictionary<Sha256Hash, long> _known = [];
    private readonly NpgsqlDataSource _dataSource;
    private readonly Batcher<byte[], long?> _batcher;

    public ApiKeyLookup(NpgsqlDataSource dataSource)
    {
        _dataSource = dataSource;
        _batcher = new(ReadAsync, MaxBatch);
    }

    /// <summary>The organization whose key it is; null if it is nobody's.</summary>
    public async Task<long?> FindOrganizationAsync(byte[] keyHash)
    {
        var organization = await _batcher.RunAsync(keyHash);
        if (organization is not { } found)
        {
            Forget(keyHash);
            return null;
        }

        if (_known.Count >= MaxKnown) _known.Clear();
        _known[new Sha256Hash(keyHash)] = found;
        return found;
    }

    /// <summary>The organization whose key it was when it was last looked up; null if it was not.</summary>
    /// <remarks>For endpoints that are <see cref="KeyCheckedWithWork"/>. A key never comes to be another organization's, but may be gone.</remarks>
    public long? FindKnown(byte[] keyHash) => _known.TryGetValue(new Sha256Hash(keyHash), out var organization) ? organization : null;

    /// <summary>Forgets a key that was found to be gone.</summary>
    public void Forget(byte[] keyHash) => _known.TryRemove(new Sha256Hash(keyHash), out _);

    private async Task<IReadOnlyList<long?>> ReadAsync(IReadOnlyList<byte[]> hashes)
    {
        await using var command = _dataSource.CreateCommand(Sql);
        command.CommandTimeout = TimeoutSeconds;
        command.Parameters.Add(new NpgsqlParameter<byte[][]> { TypedValue = [.. hashes], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea });
        var organizations = new long?[hashes.Count];
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync()) organizations[reader.GetInt64(0) - 1] = reader.GetInt64(1);
        return organizations;
    }

    private readonly record struct Sha256Hash(UInt128 First, UInt128 Second)
    {
        public Sha256Hash(ReadOnlySpan<byte> hash)
            : this(BinaryPrimitives.ReadUInt128BigEndian(hash), BinaryPrimitives.ReadUInt128BigEndian(hash[16..]))
        {
        }
    }
}
