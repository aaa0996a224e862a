using System.Security.Cryptography;
using System.Text.Json;
using Dograh.Webhooks.Data;
using Dograh.Webhooks.Data.Sql;
using Dograh.Webhooks.Receiver;
using Dograh.Webhooks.Sending;
using Dograh.Webhooks.Signing;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Dograh.Api.Bins;

/// <summary>Verifies what arrives at a bin as its receiver would: by the library that we give to receivers, with the secrets that sign at this moment.</summary>
internal sealed partial class BinSignature(SigningSecretStore store, TimeProvider time, ILogger<BinSignature> logger)
{
    /// <summary>What is said where the secrets cannot be opened just now.</summary>
    public const string NotChecked = "not_checked";

    private const string NoHeaders = "[]";

    /// <summary>Finds the delivery that a request is an attempt of, and judges its signature.</summary>
    /// <param name="database">The organization's context.</param>
    /// <param name="request">The request.</param>
    /// <param name="body">Its body.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>The verdict, and the custom headers that are stored with the delivery.</returns>
    public async Task<(string Verdict, IReadOnlyList<(string Name, string Value)> StoredHeaders)> JudgeAsync(
        TenantDbContext database, HttpRequest request, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        var id = request.Headers["webhook-id"].ToString();
        await database.Database.OpenConnectionAsync(cancellationToken);
        var delivery = Guid.TryParse(id, out var uuid)
            ? await FindArrivedDelivery.ExecuteAsync((NpgsqlConnection)database.Database.GetDbConnection(), database.OrganizationId, uuid, cancellationToken)
            : null;
        var texts = await ReadSecretsAsync(database, delivery?.WorkflowId, delivery?.WebhookNodeId, cancellationToken);
        var verdict = texts is not { Count: > 0 }
            ? NotChecked
            : JsonNamingPolicy.SnakeCaseLower.ConvertName(new WebhookVerifier(texts, time: time)
                .Judge(id, request.Headers[WebhookRequest.TimestampHeader].ToString(), request.Headers[WebhookRequest.SignatureHeader].ToString(), body).ToString());
        return (verdict, WebhookRequest.ReadCustomHeaders(delivery?.CustomHeaders ?? NoHeaders));
    }

    // A node's own secrets sign in the place of its organization's. Null if one cannot be opened.
    private async Task<IReadOnlyList<string>?> ReadSecretsAsync(TenantDbContext database, long? workflow, string? node, CancellationToken cancellationToken)
    {
        var active = await SigningSecretStore.Active(database, database.OrganizationId).AsNoTracking()
            .Where(x => x.WorkflowId == null || (x.WorkflowId == workflow && x.WebhookNodeId == node)).ToListAsync(cancellationToken);
        var own = active.Where(x => x.WorkflowId is not null).ToList();
        try
        {
            return [.. (own.Count > 0 ? own : active).Select(x => x.PublicKey ?? store.Open(x))];
        }
        catch (CryptographicException e)
        {
            LogUnreadable(logger, database.OrganizationId, e.GetType().Name);
            return null;
        }
    }

    [LoggerMessage(1, LogLevel.Error, "A signing secret of organization {OrganizationId} cannot be decrypted ({ErrorType}): what its bins get is not verified.")]
    private static partial void LogUnreadable(ILogger logger, long organizationId, string errorType);
}
