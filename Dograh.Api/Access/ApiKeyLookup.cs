using System.Buffers.Binary;
using System.Collections.Concurrent;
using Dograh.Webhooks.Batching;
using Npgsql;
using NpgsqlTypes;

namespace Dograh.Api.Access;

/// <summary>Finds the API key that has a hash. PostgreSQL is asked for each request, for many requests at once.</summary>
internal sealed class ApiKeyLookup
{
    private const string Sql =
        """
        SELECT h.n, k.organization_id, k.id, k.prefix, k.scopes, k.expires_at
        FROM unnest($1) WITH ORDINALITY AS h (key_hash, n)
        JOIN api_keys AS k ON k.key_hash = h.key_hash AND (k.expires_at IS NULL OR k.expires_at > now())
        """;

    private const int MaxBatch = 128;

    // Every request begins here: a PostgreSQL that hangs, rather than refuses, must show soon.
    private const int TimeoutSeconds = 3;

    // Of keys beyond so many, some are looked up once more than they would have to be.
    private const int MaxKnown = 10_000;

    private readonly ConcurrentDictionary<Sha256Hash, WorkingKey> _known = [];
    private readonly NpgsqlDataSource _dataSource;
    private readonly Batcher<byte[], WorkingKey?> _batcher;

    public ApiKeyLookup(NpgsqlDataSource dataSource)
    {
        _dataSource = dataSource;
        _batcher = new((hashes, _) => ReadAsync(hashes), MaxBatch);
    }

    /// <summary>The key; null if it is nobody's, or has expired.</summary>
    public async Task<WorkingKey?> FindAsync(byte[] keyHash)
    {
        if (await _batcher.RunAsync(keyHash) is not { } found)
        {
            Forget(keyHash);
            return null;
        }

        if (_known.Count >= MaxKnown) _known.Clear();
        _known[new Sha256Hash(keyHash)] = found;
        return found;
    }

    /// <summary>The key as it was when it was last looked up; null if it was not.</summary>
    /// <remarks>For endpoints that are <see cref="KeyCheckedWithWork"/>. A key never comes to be another organization's, nor has other scopes, but may be gone.</remarks>
    public WorkingKey? FindKnown(byte[] keyHash) => _known.GetValueOrDefault(new Sha256Hash(keyHash));

    /// <summary>Forgets a key that was found to be gone.</summary>
    public void Forget(byte[] keyHash) => _known.TryRemove(new Sha256Hash(keyHash), out _);

    private async Task<IReadOnlyList<WorkingKey?>> ReadAsync(IReadOnlyList<byte[]> hashes)
    {
        await using var command = _dataSource.CreateCommand(Sql);
        command.CommandTimeout = TimeoutSeconds;
        command.Parameters.Add(new NpgsqlParameter<byte[][]> { TypedValue = [.. hashes], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea });
        var keys = new WorkingKey?[hashes.Count];
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            keys[reader.GetInt64(0) - 1] = new WorkingKey(
                reader.GetInt64(1), reader.GetGuid(2), reader.GetString(3), reader.IsDBNull(4) ? null : reader.GetFieldValue<string[]>(4),
                reader.IsDBNull(5) ? null : reader.GetFieldValue<DateTimeOffset>(5));
        }

        return keys;
    }

    private readonly record struct Sha256Hash(UInt128 First, UInt128 Second)
    {
        public Sha256Hash(ReadOnlySpan<byte> hash)
            : this(BinaryPrimitives.ReadUInt128BigEndian(hash), BinaryPrimitives.ReadUInt128BigEndian(hash[16..]))
        {
        }
    }
}
