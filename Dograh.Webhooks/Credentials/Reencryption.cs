using System.Security.Cryptography;
using System.Xml.Linq;
using Dograh.Webhooks.Credentials.OAuth;
using Dograh.Webhooks.Data;
using Dograh.Webhooks.Data.Sql;
using Dograh.Webhooks.Signing;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Npgsql;
using NpgsqlTypes;

namespace Dograh.Webhooks.Credentials;

/// <summary>Moves all that is sealed under the current master key and a Data Protection key that it alone has wrapped.</summary>
/// <remarks>
/// Safe beside running processes, and to be stopped and begun again: each key and each row is replaced by itself, and only if it still is as it was read.
/// What is moved already is passed over, so a second run does nothing.
/// </remarks>
public sealed class Reencryption(
    NpgsqlDataSource dataSource, IDbContextFactory<DograhDbContext> contexts, IKeyManager keys, KeyRing ring, KeyRingCheck check, IOptions<SecretsOptions> options,
    CredentialProtector credentials, SigningSecretProtector signing, OAuthTokenProtector tokens, TimeProvider time)
{
    private const int BatchSize = 200;

    // Rows that others seal meanwhile with the key of before; those that do are told of the new one only when they next read the ring.
    private const int MaxPasses = 3;

    // Data Protection's own.
    private static readonly TimeSpan KeyLifetime = TimeSpan.FromDays(90);

    /// <summary>Moves everything.</summary>
    /// <param name="withNewKey">Makes a new Data Protection key in any case; without it, only if the newest was wrapped by an older master key.</param>
    /// <param name="cancellationToken">Stops between two batches.</param>
    /// <exception cref="CryptographicException">The key ring is not to be opened with these master keys: nothing was changed.</exception>
    public async Task<ReencryptionReport> RunAsync(bool withNewKey, CancellationToken cancellationToken)
    {
        check.ThrowIfForeign();
        var report = new ReencryptionReport();
        if (keys.GetAllKeys().Count == 0) return report;

        if (withNewKey || await IsWrappedByOlderAsync(ring.CurrentKey, cancellationToken))
        {
            var now = time.GetUtcNow();
            keys.CreateNewKey(now, now + KeyLifetime);
            ring.Reload();
            report.NewKey = true;
        }

        await WrapKeysAsync(report, cancellationToken);
        report.Credentials = await MoveAsync(
            ReencryptCredentials.ReadSql, [ReencryptCredentials.WriteSql, ReencryptCredentials.KeepTokensSql], "credential", row => credentials.Unprotect(row.Kind, row.OrganizationId, row.Id, row.Encrypted),
            (row, text) => credentials.Protect(row.Kind, row.OrganizationId, row.Id, text), report, cancellationToken);
        report.SigningSecrets = await MoveAsync(
            ReencryptSigningSecrets.ReadSql, [ReencryptSigningSecrets.WriteSql], "signing secret", row => signing.Unprotect(row.OrganizationId, row.Id, row.Encrypted),
            (row, text) => signing.Protect(row.OrganizationId, row.Id, text), report, cancellationToken);
        report.Tokens = await MoveAsync(
            ReencryptOAuthTokens.ReadSql, [ReencryptOAuthTokens.WriteSql], "access token of credential", row => tokens.Unprotect(row.OrganizationId, row.Id, row.Encrypted),
            (row, text) => tokens.Protect(row.OrganizationId, row.Id, text), report, cancellationToken);
        return report;
    }

    private async Task<bool> IsWrappedByOlderAsync(Guid key, CancellationToken cancellationToken)
    {
        await using var database = await contexts.CreateDbContextAsync(cancellationToken);
        var rows = await database.DataProtectionKeys.AsNoTracking().ToListAsync(cancellationToken);
        return rows.Where(row => IdOf(XElement.Parse(row.Xml!)) == $"{key:D}").Any(row => SealedIn(XElement.Parse(row.Xml!)).Any(seal => !Opens(seal, options.Value.DecodeMasterKey())));
    }

    private async Task WrapKeysAsync(ReencryptionReport report, CancellationToken cancellationToken)
    {
        var current = options.Value.DecodeMasterKey();
        await using var database = await contexts.CreateDbContextAsync(cancellationToken);
        foreach (var row in await database.DataProtectionKeys.AsNoTracking().OrderBy(row => row.Id).ToListAsync(cancellationToken))
        {
            var key = XElement.Parse(row.Xml!);
            var seals = SealedIn(key).Where(seal => !Opens(seal, current)).ToList();
            if (seals.Count == 0) continue;
            var opened = seals.ConvertAll(seal => options.Value.DecodePreviousMasterKeys().Select(previous => MasterKeySeal.TryOpen(BytesOf(seal), previous)).FirstOrDefault(bytes => bytes is not null));
            if (opened.Contains(null))
            {
                report.Unopened.Add($"key {IdOf(key)} of the key ring");
                continue;
            }

            foreach (var (seal, bytes) in seals.Zip(opened)) seal.Value = Convert.ToBase64String(MasterKeySeal.Seal(bytes!, current));
            var xml = key.ToString(SaveOptions.DisableFormatting);
            report.WrappedKeys += await database.DataProtectionKeys.Where(x => x.Id == row.Id && x.Xml == row.Xml)
                .ExecuteUpdateAsync(set => set.SetProperty(x => x.Xml, xml), cancellationToken);
        }
    }

    private async Task<int> MoveAsync(
        string readSql, string[] writeSql, string what, Func<Row, string> open, Func<Row, string, byte[]> seal, ReencryptionReport report, CancellationToken cancellationToken)
    {
        var moved = 0;
        for (var pass = 0; pass < MaxPasses; pass++)
        {
            var changes = 0;
            var unopened = new List<string>();
            Row? last = null;
            IReadOnlyList<Row> page;
            do
            {
                page = await ReadAsync(readSql, last, cancellationToken);
                var changed = new List<(Row Row, byte[] After)>();
                foreach (var row in page.Where(row => KeyRing.KeyOf(row.Encrypted) != ring.CurrentKey))
                {
                    try
                    {
                        changed.Add((row, seal(row, open(row))));
                    }
                    catch (CryptographicException)
                    {
                        unopened.Add($"{what} {row.Id:D} of organization {row.OrganizationId}");
                    }
                }

                if (changed.Count > 0) moved += await WriteAsync(writeSql, changed, cancellationToken);
                changes += changed.Count;
                last = page.Count > 0 ? page[^1] : last;
            }
            while (page.Count == BatchSize);

            // What the last look could not open is what is left.
            if (changes > 0 && pass < MaxPasses - 1) continue;
            report.Unopened.AddRange(unopened);
            break;
        }

        return moved;
    }

    private async Task<IReadOnlyList<Row>> ReadAsync(string sql, Row? after, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(sql);
        command.Parameters.Add(new() { Value = after?.OrganizationId ?? long.MinValue });
        command.Parameters.Add(new() { Value = after?.Id ?? Guid.Empty });
        command.Parameters.Add(new() { Value = BatchSize });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<Row>();
        while (await reader.ReadAsync(cancellationToken)) rows.Add(new Row(reader.GetInt64(0), reader.GetGuid(1), reader.GetFieldValue<byte[]>(2), reader.GetString(3)));
        return rows;
    }

    // The statements of a batch commit together.
    private async Task<int> WriteAsync(string[] statements, IReadOnlyList<(Row Row, byte[] After)> changed, CancellationToken cancellationToken)
    {
        await using var batch = dataSource.CreateBatch();
        foreach (var sql in statements)
        {
            var command = new NpgsqlBatchCommand(sql);
            command.Parameters.AddArray(NpgsqlDbType.Bigint, changed, change => change.Row.OrganizationId);
            command.Parameters.AddArray(NpgsqlDbType.Uuid, changed, change => change.Row.Id);
            command.Parameters.AddArray(NpgsqlDbType.Bytea, changed, change => change.Row.Encrypted);
            command.Parameters.AddArray(NpgsqlDbType.Bytea, changed, change => change.After);
            batch.BatchCommands.Add(command);
        }

        await batch.ExecuteNonQueryAsync(cancellationToken);
        return (int)batch.BatchCommands[0].Rows;
    }

    private static IEnumerable<XElement> SealedIn(XElement key) => key.DescendantsAndSelf(MasterKeySeal.Element);

    private static bool Opens(XElement seal, byte[] masterKey) => MasterKeySeal.TryOpen(BytesOf(seal), masterKey) is not null;

    private static byte[] BytesOf(XElement seal) => Convert.FromBase64String(seal.Value);

    private static string IdOf(XElement key) => (string?)key.Attribute("id") ?? "without an id";

    private sealed record Row(long OrganizationId, Guid Id, byte[] Encrypted, string Kind);
}

/// <summary>What a re-encryption has moved, and what it could not open.</summary>
public sealed class ReencryptionReport
{
    /// <summary>Whether it made a new Data Protection key.</summary>
    public bool NewKey { get; set; }

    /// <summary>The Data Protection keys that an older master key had wrapped.</summary>
    public int WrappedKeys { get; set; }

    /// <summary>The credentials sealed anew.</summary>
    public int Credentials { get; set; }

    /// <summary>The signing secrets sealed anew.</summary>
    public int SigningSecrets { get; set; }

    /// <summary>The access tokens sealed anew.</summary>
    public int Tokens { get; set; }

    /// <summary>What could not be opened, by name.</summary>
    public List<string> Unopened { get; } = [];
}
