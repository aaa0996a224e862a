using Dograh.Api.Access;
using Dograh.Api.Auditing;
using Dograh.Api.Http;
using Dograh.Webhooks.Auditing;
using Dograh.Webhooks.Data;
using Dograh.Webhooks.Organizations;
using Dograh.Webhooks.Signing;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace Dograh.Api.Signing;

/// <summary>What deliveries are signed with: its owner lists, reveals, adds, rotates and expires it.</summary>
internal static class SigningApi
{
    private const double DefaultOverlapSeconds = 24 * 60 * 60;
    private const double MaxSeconds = 7 * 24 * 60 * 60;

    public static void MapSigning(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/signing-secrets").WithTags("Signing").RequireAuthorization(Policies.Organization);
        group.MapPost("", AddSecret).RequireScope(ApiKeyScope.SigningWrite).WithName("AddSigningSecret").WithSummary("Add a signing secret: it signs beside those that there are")
            .Produces<SigningSecretView>(StatusCodes.Status201Created);
        group.MapGet("", ListSecrets).RequireScope(ApiKeyScope.SigningRead).WithName("ListSigningSecrets").WithSummary("List the signing secrets that sign, masked")
            .WithMetadata(new ListParameters("workflow_id", "webhook_node_id"));
        group.MapPost("/rotate", RotateSecret).RequireScope(ApiKeyScope.SigningWrite).WithName("RotateSigningSecret").WithSummary("Make a new signing secret; the old ones sign beside it for a while")
            .Produces<SigningSecretView>(StatusCodes.Status201Created);
        group.MapGet("/{id:guid}/secret", RevealSecret).RequireScope(ApiKeyScope.SigningWrite).WithName("RevealSigningSecret").WithSummary("Reveal what a receiver verifies with: a secret, or a public key");
        group.MapPost("/{id:guid}/expire", ExpireSecret).RequireScope(ApiKeyScope.SigningWrite).WithName("ExpireSigningSecret").WithSummary("Say when a signing secret stops signing: now, unless told otherwise")
            .Produces<SigningSecretView>(StatusCodes.Status200OK);
        routes.MapGet("/signing-keys", ListKeys).WithTags("Signing").RequireAuthorization(Policies.Organization).RequireScope(ApiKeyScope.SigningRead).WithName("ListSigningKeys")
            .WithSummary("List the public keys of v1a signatures").WithMetadata(new ListParameters());
    }

    private static async Task<IResult> AddSecret(Caller caller, JsonBody<SigningSecretRequest> body, IdempotentRequest idempotent, SigningSecretStore store, AuditLog audit)
    {
        var request = body.Value;
        var faults = new Faults();
        var (scope, algorithm) = request.Read(faults);
        if (request.Secret is not null && algorithm != SigningAlgorithm.V1) faults.Add("secret", $"can be brought for {SigningAlgorithm.V1} only");
        else if (request.Secret is not null && SigningSecretText.FindFault(request.Secret) is { } fault) faults.Add("secret", fault);
        faults.ThrowIfAny();

        return await idempotent.RunAsync(caller, body.Bytes, async (database, _, cancellationToken) =>
        {
            await scope.CheckAsync(database, caller, cancellationToken);
            var change = await SigningChange.BeginAsync(database, store, caller.OrganizationId, scope, cancellationToken);
            var added = change.Add(algorithm, request.Secret);
            audit.Add(
                database, caller.OrganizationId, AuditAction.SigningSecretCreated, $"{added.Id:D}",
                new { algorithm, scope.WorkflowId, scope.WebhookNodeId, IsBrought = request.Secret is not null });
            return await change.SaveAsync(added, StatusCodes.Status201Created, cancellationToken);
        });
    }

    private static async Task<IResult> RotateSecret(Caller caller, JsonBody<RotationRequest> body, IdempotentRequest idempotent, SigningSecretStore store, AuditLog audit)
    {
        var request = body.Value;
        var faults = new Faults();
        var (scope, algorithm) = request.Read(faults);
        CheckSeconds(faults, "overlap_seconds", request.OverlapSeconds);
        faults.ThrowIfAny();

        return await idempotent.RunAsync(caller, body.Bytes, async (database, _, cancellationToken) =>
        {
            await scope.CheckAsync(database, caller, cancellationToken);
            var change = await SigningChange.BeginAsync(database, store, caller.OrganizationId, scope, cancellationToken);
            var overlapSeconds = request.OverlapSeconds ?? DefaultOverlapSeconds;
            await change.ExpireOldAsync(algorithm, TimeSpan.FromSeconds(overlapSeconds), cancellationToken);
            var added = change.Add(algorithm);
            audit.Add(
                database, caller.OrganizationId, AuditAction.SigningSecretRotated, $"{added.Id:D}",
                new { algorithm, scope.WorkflowId, scope.WebhookNodeId, overlapSeconds });
            return await change.SaveAsync(added, StatusCodes.Status201Created, cancellationToken);
        });
    }

    private static async Task<IResult> ExpireSecret(
        Caller caller, Guid id, JsonBody<ExpiryRequest> body, IdempotentRequest idempotent, SigningSecretStore store, AuditLog audit)
    {
        var faults = new Faults();
        CheckSeconds(faults, "after_seconds", body.Value.AfterSeconds);
        faults.ThrowIfAny();

        return await idempotent.RunAsync(caller, body.Bytes, async (database, _, cancellationToken) =>
        {
            var found = await FindAsync(caller, id, database, cancellationToken);
            var scope = new SigningScope(found.WorkflowId, found.WebhookNodeId);
            var change = await SigningChange.BeginAsync(database, store, caller.OrganizationId, scope, cancellationToken);
            var expired = change.Expire(id, TimeSpan.FromSeconds(body.Value.AfterSeconds ?? 0));
            audit.Add(database, caller.OrganizationId, AuditAction.SigningSecretExpired, $"{id:D}", new { expired.ExpiresAt });
            return await change.SaveAsync(expired, StatusCodes.Status200OK, cancellationToken);
        });
    }

    private static async Task<Ok<Page<SigningSecretView>>> ListSecrets(
        Caller caller, HttpRequest request, TenantDbContext database, SigningSecretStore store, CancellationToken cancellationToken)
    {
        var page = PageRequest.Read(request);
        var (workflow, node) = SigningScopes.ReadFilter(request);
        await store.EnsureAsync(database, caller.OrganizationId, cancellationToken);
        var query = SigningSecretStore.Active(database, caller.OrganizationId);
        if (workflow is not null) query = query.Where(x => x.WorkflowId == workflow);
        if (node is not null) query = query.Where(x => x.WebhookNodeId == node);
        return TypedResults.Ok(await ReadPageAsync(page, query, SigningSecretView.Of, cancellationToken));
    }

    private static async Task<Ok<Page<SigningKeyView>>> ListKeys(
        Caller caller, HttpRequest request, TenantDbContext database, CancellationToken cancellationToken)
    {
        var keys = SigningSecretStore.Active(database, caller.OrganizationId).Where(x => x.Algorithm == SigningAlgorithm.V1a);
        return TypedResults.Ok(await ReadPageAsync(PageRequest.Read(request), keys, SigningKeyView.Of, cancellationToken));
    }

    private static async Task<Ok<RevealedSecretView>> RevealSecret(
        Caller caller, Guid id, HttpResponse response, TenantDbContext database, SigningSecretStore store, AuditLog audit, CancellationToken cancellationToken)
    {
        var secret = await FindAsync(caller, id, database, cancellationToken);
        response.Headers.CacheControl = "no-store";
        var revealed = new RevealedSecretView(secret.PublicKey ?? store.Open(secret));
        // First it is on record, then it is shown.
        await audit.WriteAsync(database, caller.OrganizationId, AuditAction.SigningSecretRevealed, $"{id:D}", new { secret.Algorithm }, cancellationToken);
        return TypedResults.Ok(revealed);
    }

    private static async Task<SigningSecret> FindAsync(Caller caller, Guid id, DograhDbContext database, CancellationToken cancellationToken) =>
        await SigningSecretStore.Active(database, caller.OrganizationId).AsNoTracking().SingleOrDefaultAsync(x => x.Id == id, cancellationToken)
        ?? throw ApiProblemException.NotFound("signing secret");

    private static async Task<Page<TView>> ReadPageAsync<TView>(
        PageRequest page, IQueryable<SigningSecret> query, Func<SigningSecret, TView> view, CancellationToken cancellationToken)
    {
        if (!page.IsFirst)
        {
            var last = (page.CreatedAt, Id: page.IdAsUuid);
            query = query.Where(x => EF.Functions.LessThan(ValueTuple.Create(x.CreatedAt, x.Id), ValueTuple.Create(last.CreatedAt, last.Id)));
        }

        var rows = await query.AsNoTracking().OrderByDescending(x => x.CreatedAt).ThenByDescending(x => x.Id).Take(page.Limit + 1).ToListAsync(cancellationToken);
        return page.ToPage(rows, x => (x.CreatedAt, x.Id), view);
    }

    private static void CheckSeconds(Faults faults, string field, double? seconds)
    {
        if (seconds is not (null or (>= 0 and <= MaxSeconds))) faults.Add(field, $"must be a number from 0 to {MaxSeconds}");
    }
}
