using Dograh.Webhooks.Credentials;
using Dograh.Webhooks.Data.Sql;
using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Signing;
using Npgsql;

namespace Dograh.Webhooks.Sending;

/// <summary>Resolves the credentials and signing secrets of a batch at the moment of sending, in one round trip.</summary>
public sealed class DeliverySecretsResolver(NpgsqlDataSource dataSource, CredentialResolver credentials, SigningKeyResolver signing)
{
    /// <summary>Resolves what the deliveries need.</summary>
    /// <param name="deliveries">The claimed deliveries.</param>
    /// <param name="cancellationToken">Stops the read.</param>
    /// <returns>The secrets of each, in the deliveries' order.</returns>
    /// <exception cref="NpgsqlException">The database cannot be read: our own failure, not the deliveries'.</exception>
    public async Task<IReadOnlyList<DeliverySecrets>> ResolveAsync(IReadOnlyList<ClaimedDelivery> deliveries, CancellationToken cancellationToken)
    {
        var read = await ReadAsync(deliveries, cancellationToken);
        if (await signing.EnsureAsync(deliveries, read.Signing, cancellationToken)) read = await ReadAsync(deliveries, cancellationToken);
        var resolved = credentials.Open(read.Credentials);
        var keysOf = signing.Open(read.Signing);
        return deliveries.Select(delivery => new DeliverySecrets(
            delivery.CredentialUuid is { } uuid ? resolved.GetValueOrDefault((delivery.Key.OrganizationId, uuid)) : null, keysOf(delivery))).ToList();
    }

    private async Task<(IReadOnlyList<ReadCredentials.Row> Credentials, IReadOnlyList<ReadSigningSecrets.Row> Signing)> ReadAsync(
        IReadOnlyList<ClaimedDelivery> deliveries, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(connection);
        foreach (var command in SigningKeyResolver.Commands(deliveries)) batch.BatchCommands.Add(command);
        var wanted = CredentialResolver.FindWanted(deliveries);
        if (wanted.Count > 0) batch.BatchCommands.Add(ReadCredentials.Command(wanted));

        var secrets = new List<ReadSigningSecrets.Row>();
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await ReadSigningSecrets.ReadAsync(reader, secrets, cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        await ReadSigningSecrets.ReadAsync(reader, secrets, cancellationToken);
        return (await reader.NextResultAsync(cancellationToken) ? await ReadCredentials.ReadAsync(reader, cancellationToken) : [], secrets);
    }
}
