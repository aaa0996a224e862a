using Dograh.Webhooks.Credentials;
using Dograh.Webhooks.Data.Sql;
using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Signing;
using Npgsql;

namespace Dograh.Webhooks.Sending;

/// <summary>Resolves the credentials and signing secrets of a batch at the moment of sending, in one round trip.</summary>
/// <remarks>
/// But for a backlog: what signing secrets were read for it a moment ago serve its next batch too. What is claimed waits in its receiver's line for longer than that, with
/// what was read for it, so nothing is promised that was not before; and a drain reads them ten times a second in place of once a batch.
/// </remarks>
public sealed class DeliverySecretsResolver(NpgsqlDataSource dataSource, CredentialResolver credentials, SigningKeyResolver signing, TimeProvider time)
{
    // So many at a time are a backlog's.
    private const int Backlog = 32;

    private static readonly TimeSpan RecentFor = TimeSpan.FromSeconds(0.1);

    private volatile Recent? _recent;

    /// <summary>Resolves what the deliveries need.</summary>
    /// <param name="deliveries">The claimed deliveries.</param>
    /// <param name="cancellationToken">Stops the read.</param>
    /// <returns>The secrets of each, in the deliveries' order.</returns>
    /// <exception cref="NpgsqlException">The database cannot be read: our own failure, not the deliveries'.</exception>
    public async Task<IReadOnlyList<DeliverySecrets>> ResolveAsync(IReadOnlyList<ClaimedDelivery> deliveries, CancellationToken cancellationToken)
    {
        var read = await ReadAsync(deliveries, afresh: false, cancellationToken);
        if (await signing.EnsureAsync(deliveries, read.Signing, cancellationToken)) read = await ReadAsync(deliveries, afresh: true, cancellationToken);
        var resolved = credentials.Open(read.Credentials);
        var keysOf = signing.Open(read.Signing);
        return deliveries.Select(delivery => new DeliverySecrets(
            delivery.CredentialUuid is { } uuid ? resolved.GetValueOrDefault((delivery.Key.OrganizationId, uuid)) : null, keysOf(delivery))).ToList();
    }

    private async Task<(IReadOnlyList<ReadCredentials.Row> Credentials, IReadOnlyList<ReadSigningSecrets.Row> Signing)> ReadAsync(
        IReadOnlyList<ClaimedDelivery> deliveries, bool afresh, CancellationToken cancellationToken)
    {
        var scopes = SigningKeyResolver.Scopes(deliveries);
        var recent = afresh || deliveries.Count < Backlog ? null : _recent;
        if (recent is not null && (time.GetElapsedTime(recent.ReadAt) > RecentFor || !recent.Scopes.IsSupersetOf(scopes))) recent = null;
        var wanted = CredentialResolver.FindWanted(deliveries);
        if (recent is not null && wanted.Count == 0) return ([], recent.Rows);

        var readAt = time.GetTimestamp();
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(connection);
        if (recent is null) batch.BatchCommands.Add(SigningKeyResolver.Command(scopes));
        if (wanted.Count > 0) batch.BatchCommands.Add(ReadCredentials.Command(wanted));

        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        if (recent is null)
        {
            var secrets = new List<ReadSigningSecrets.Row>();
            await ReadSigningSecrets.ReadAsync(reader, secrets, cancellationToken);
            _recent = recent = new Recent(readAt, scopes, secrets);
            await reader.NextResultAsync(cancellationToken);
        }

        return (wanted.Count > 0 ? await ReadCredentials.ReadAsync(reader, cancellationToken) : [], recent.Rows);
    }

    private sealed record Recent(
        long ReadAt, IReadOnlySet<(long OrganizationId, long WorkflowId, string WebhookNodeId)> Scopes, IReadOnlyList<ReadSigningSecrets.Row> Rows);
}
