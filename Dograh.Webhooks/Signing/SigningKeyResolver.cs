using System.Collections.Concurrent;
using Dograh.Webhooks.Data;
using Dograh.Webhooks.Data.Sql;
using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Redaction;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Dograh.Webhooks.Signing;

/// <summary>Finds what the deliveries of a batch are signed with.</summary>
/// <remarks>
/// Which secrets are active is read, not remembered here. Only what an encrypted text holds is remembered, for it cannot change, and opening it costs more than signing.
/// </remarks>
public sealed partial class SigningKeyResolver(
    IDbContextFactory<DograhDbContext> contexts, SigningSecretStore store, SigningSecretProtector protector, ILogger<SigningKeyResolver> logger)
{
    // Some megabytes. Past it all are forgotten: opening one again takes microseconds.
    private const int MaxOpened = 10_000;

    private readonly ConcurrentDictionary<(long OrganizationId, Guid Id), Opened> _opened = new();

    /// <summary>The webhook nodes of the deliveries, each with its organization: where their secrets are looked for.</summary>
    internal static HashSet<(long OrganizationId, long WorkflowId, string WebhookNodeId)> Scopes(IReadOnlyList<ClaimedDelivery> deliveries)
    {
        var scopes = new HashSet<(long, long, string)>();
        foreach (var delivery in deliveries) scopes.Add((delivery.Key.OrganizationId, delivery.WorkflowId, delivery.WebhookNodeId));
        return scopes;
    }

    /// <summary>The statement that reads the secrets of the nodes and of their organizations.</summary>
    internal static NpgsqlBatchCommand Command(IReadOnlyCollection<(long OrganizationId, long WorkflowId, string WebhookNodeId)> scopes) =>
        ReadSigningSecrets.Command([.. scopes], scopes.Select(scope => scope.OrganizationId).Distinct().ToList());

    /// <summary>Gives the organizations among the deliveries' that have no secret their first one.</summary>
    /// <param name="deliveries">The batch.</param>
    /// <param name="rows">What was read of it.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>Whether there is something else to read now.</returns>
    internal async Task<bool> EnsureAsync(
        IEnumerable<ClaimedDelivery> deliveries, IEnumerable<ReadSigningSecrets.Row> rows, CancellationToken cancellationToken)
    {
        var with = rows.Where(row => row is { WorkflowId: null, Algorithm: SigningAlgorithm.V1 }).Select(row => row.OrganizationId).ToHashSet();
        var without = deliveries.Select(delivery => delivery.Key.OrganizationId).Where(organization => !with.Contains(organization)).Distinct().ToList();
        foreach (var organization in without)
        {
            try
            {
                await using var database = await contexts.CreateDbContextAsync(cancellationToken);
                if (await store.EnsureAsync(database, organization, cancellationToken)) LogCreated(logger, organization);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                // Its own deliveries wait, nobody else's: the key ring may be unreadable, or the organization just gone.
                LogNotCreated(logger, organization, e.GetType().Name, e.Message);
            }
        }

        return without.Count > 0;
    }

    /// <summary>Opens what was read.</summary>
    /// <returns>What each delivery is signed with.</returns>
    internal Func<ClaimedDelivery, SigningKeys> Open(IEnumerable<ReadSigningSecrets.Row> rows)
    {
        var keys = rows.GroupBy(row => (row.OrganizationId, row.WorkflowId, row.WebhookNodeId)).ToDictionary(scope => scope.Key, scope => Open([.. scope]));
        return delivery => keys.GetValueOrDefault((delivery.Key.OrganizationId, delivery.WorkflowId, delivery.WebhookNodeId))
            ?? keys.GetValueOrDefault((delivery.Key.OrganizationId, null, null)) ?? SigningKeys.Unreadable;
    }

    // All or none: a receiver may know just the one that cannot be opened.
    private SigningKeys Open(IReadOnlyList<ReadSigningSecrets.Row> scope)
    {
        var keys = new SigningKey[scope.Count];
        for (var i = 0; i < keys.Length; i++)
        {
            if (Open(scope[i]) is not { } key) return SigningKeys.Unreadable;
            keys[i] = key;
        }

        return new SigningKeys(keys);
    }

    private SigningKey? Open(ReadSigningSecrets.Row row)
    {
        if (_opened.TryGetValue((row.OrganizationId, row.Id), out var opened) && opened.EncryptedSecret.AsSpan().SequenceEqual(row.EncryptedSecret)) return opened.Key;
        try
        {
            var key = SigningKey.Open(row.Algorithm, protector.Unprotect(row.OrganizationId, row.Id, row.EncryptedSecret));
            if (_opened.Count >= MaxOpened) _opened.Clear();
            _opened[(row.OrganizationId, row.Id)] = new Opened(row.EncryptedSecret, key);
            return key;
        }
        catch (Exception e)
        {
            // The wrong key, changed bytes, or a key ring that cannot be read just now: its own deliveries wait, nobody else's.
            LogUnreadable(logger, row.Id, row.OrganizationId, e.Message);
            return null;
        }
    }

    private sealed record Opened(byte[] EncryptedSecret, SigningKey Key);

    [LoggerMessage(1, LogLevel.Information, "Organization {OrganizationId} had no signing secret; it has one now.")]
    private static partial void LogCreated(ILogger logger, long organizationId);

    [LoggerMessage(2, LogLevel.Error, "Organization {OrganizationId} has no signing secret and cannot be given one just now ({ErrorType}: {Error}); its deliveries wait.")]
    private static partial void LogNotCreated(ILogger logger, long organizationId, string errorType, [FailureText] string error);

    [LoggerMessage(3, LogLevel.Error,
        "Signing secret {SecretId} of organization {OrganizationId} cannot be decrypted; its deliveries wait. Is the master key the right one? {Error}")]
    private static partial void LogUnreadable(ILogger logger, Guid secretId, long organizationId, [FailureText] string error);
}
