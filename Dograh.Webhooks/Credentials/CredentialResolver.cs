using System.Security.Cryptography;
using System.Text.Json;
using Dograh.Webhooks.Credentials.OAuth;
using Dograh.Webhooks.Data.Sql;
using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Redaction;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Dograh.Webhooks.Credentials;

/// <summary>Resolves credentials at the moment of sending, a batch at a time. Nothing is cached: a deleted one stops resolving at once.</summary>
public sealed partial class CredentialResolver(
    NpgsqlDataSource dataSource, CredentialProtector protector, OAuthTokenProtector tokenProtector, ILogger<CredentialResolver> logger)
{
    /// <summary>Resolves what the deliveries name.</summary>
    /// <param name="deliveries">The claimed deliveries; those without a credential are passed over.</param>
    /// <param name="cancellationToken">Stops the read.</param>
    /// <returns>By organization and uuid. Those that are gone or inactive are missing.</returns>
    /// <exception cref="NpgsqlException">The database cannot be read: our own failure, not the delivery's.</exception>
    public async Task<IReadOnlyDictionary<(long OrganizationId, Guid Uuid), ResolvedCredential>> ResolveAsync(
        IEnumerable<ClaimedDelivery> deliveries, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        return await ResolveAsync(connection, deliveries, cancellationToken);
    }

    /// <summary>Resolves what the deliveries name, as far as the connection may read it.</summary>
    public async Task<IReadOnlyDictionary<(long OrganizationId, Guid Uuid), ResolvedCredential>> ResolveAsync(
        NpgsqlConnection connection, IEnumerable<ClaimedDelivery> deliveries, CancellationToken cancellationToken)
    {
        var wanted = FindWanted(deliveries);
        if (wanted.Count == 0) return Open([]);
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { ReadCredentials.Command(wanted) } };
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        return Open(await ReadCredentials.ReadAsync(reader, cancellationToken));
    }

    /// <summary>The credentials that the deliveries name, each once.</summary>
    internal static IReadOnlyList<(long OrganizationId, Guid Uuid)> FindWanted(IEnumerable<ClaimedDelivery> deliveries) => deliveries
        .Where(delivery => delivery.CredentialUuid is not null)
        .Select(delivery => (delivery.Key.OrganizationId, Uuid: delivery.CredentialUuid!.Value))
        .Distinct()
        .ToList();

    /// <summary>Opens what was read.</summary>
    internal IReadOnlyDictionary<(long OrganizationId, Guid Uuid), ResolvedCredential> Open(IEnumerable<ReadCredentials.Row> rows) =>
        rows.ToDictionary(row => (row.OrganizationId, row.Uuid), Open);

    private ResolvedCredential Open(ReadCredentials.Row row)
    {
        try
        {
            using var data = JsonDocument.Parse(protector.Unprotect(row.CredentialType, row.OrganizationId, row.Uuid, row.EncryptedData));
            switch (row.CredentialType)
            {
                case CredentialType.OAuthClientCredentials:
                    return new ResolvedCredential(IsReadable: true, Header: null) { Client = OAuthClient.Read(Version(), data.RootElement), Token = OpenToken(row) };
                case CredentialType.Mtls:
                    return new ResolvedCredential(IsReadable: true, Header: null) { Certificate = ClientCertificate.Read(Version(), data.RootElement) };
                case var type when CredentialData.Types.Contains(type):
                    return new ResolvedCredential(IsReadable: true, CredentialHeader.Build(type, data.RootElement));
                default:
                    // Of a build that is newer than this one: nothing may be sent without what it would send.
                    LogUnknown(logger, row.Uuid, row.OrganizationId);
                    return Unreadable;
            }
        }
        catch (Exception e)
        {
            // The wrong key, changed bytes, or a key ring that cannot be read just now: its own deliveries wait, nobody else's.
            LogUnreadable(logger, row.Uuid, row.OrganizationId, e.Message);
            return Unreadable;
        }

        CredentialVersion Version() => CredentialVersion.Of(row.OrganizationId, row.Uuid, row.EncryptedData);
    }

    // One that cannot be opened counts as none: whoever then looks for one finds that out, and fetches another.
    private TokenResult.Usable? OpenToken(ReadCredentials.Row row)
    {
        if (row.EncryptedToken is null) return null;
        try
        {
            return new TokenResult.Usable
            {
                Token = tokenProtector.Unprotect(row.OrganizationId, row.Uuid, row.EncryptedToken), EncryptedToken = row.EncryptedToken, FetchedAt = row.FetchedAt,
            };
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    private static ResolvedCredential Unreadable { get; } = new(IsReadable: false, Header: null);

    [LoggerMessage(1, LogLevel.Error,
        "Credential {CredentialUuid} of organization {OrganizationId} cannot be decrypted; its deliveries wait. Is the master key the right one? {Error}")]
    private static partial void LogUnreadable(ILogger logger, Guid credentialUuid, long organizationId, [FailureText] string error);

    [LoggerMessage(2, LogLevel.Error, "Credential {CredentialUuid} of organization {OrganizationId} is of a type that this build does not know; its deliveries wait.")]
    private static partial void LogUnknown(ILogger logger, Guid credentialUuid, long organizationId);
}

/// <summary>A credential that exists and is active.</summary>
/// <param name="IsReadable">False if it cannot be decrypted just now: nothing may be sent without it.</param>
/// <param name="Header">The header to send; null for a credential that sends nothing, or not always the same.</param>
public sealed record ResolvedCredential(bool IsReadable, CredentialHeader? Header)
{
    /// <summary>Who fetches the token that is to be sent; null if none is.</summary>
    public OAuthClient? Client { get; init; }

    /// <summary>A token that was fetched before and is good still; null if one has to be fetched.</summary>
    public TokenResult.Usable? Token { get; init; }

    /// <summary>The certificate to prove us by; null if there is none.</summary>
    public ClientCertificate? Certificate { get; init; }

    /// <summary>The header that would be sent, without its value where that is yet to be fetched.</summary>
    public CredentialHeader? ShownHeader => Client is null ? Header : CredentialHeader.Bearer("");
}
