using System.Text.Json;
using Dograh.Api.Access;
using Dograh.Api.Auditing;
using Dograh.Api.Http;
using Dograh.Webhooks.Auditing;
using Dograh.Webhooks.Credentials;
using Dograh.Webhooks.Data;
using Dograh.Webhooks.Organizations;
using Dograh.Webhooks.Sending;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;

namespace Dograh.Api.Credentials;

/// <summary>Credentials: their data goes in and never comes out.</summary>
internal static class CredentialsApi
{
    private const int MaxDescriptionLength = 4000;

    public static void MapCredentials(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/credentials").WithTags("Credentials").RequireAuthorization(Policies.Organization);
        group.MapPost("", CreateCredential).RequireScope(ApiKeyScope.CredentialsWrite).WithName("CreateCredential").WithSummary("Store a credential").Produces<CredentialView>(StatusCodes.Status201Created);
        group.MapGet("", ListCredentials).RequireScope(ApiKeyScope.CredentialsRead).WithName("ListCredentials").WithSummary("List credentials, never their data")
            .WithMetadata(new ListParameters());
        group.MapGet("/{uuid:guid}", GetCredential).RequireScope(ApiKeyScope.CredentialsRead).WithName("GetCredential").WithSummary("Get a credential, never its data");
        group.MapPut("/{uuid:guid}", UpdateCredential).RequireScope(ApiKeyScope.CredentialsWrite).WithName("UpdateCredential").WithSummary("Change any of a credential's fields");
        group.MapDelete("/{uuid:guid}", DeleteCredential).RequireScope(ApiKeyScope.CredentialsWrite).WithName("DeleteCredential").WithSummary("Delete a credential: it stops resolving at once");
        group.MapPost("/{uuid:guid}/test", CredentialTest.TestCredential).RequireScope(ApiKeyScope.CredentialsWrite).WithName("TestCredential")
            .WithSummary("Send a test to a URL as a delivery with this credential would be sent, and say what came back").WithMetadata(new NotIdempotent());
    }

    private static Task<IResult> CreateCredential(
        Caller caller, JsonBody<CredentialRequest> body, IdempotentRequest idempotent, CredentialProtector protector, EgressGuard guard, TimeProvider time, AuditLog audit)
    {
        var request = body.Value;
        var faults = new Faults();
        faults.RequireText("name", request.Name);
        faults.CheckText("description", request.Description, MaxDescriptionLength);
        if (request.CredentialType is null) faults.Add("credential_type", "is required");
        else faults.Add(CredentialData.FindFaults(request.CredentialType, request.CredentialData, guard, time.GetUtcNow()));
        faults.ThrowIfAny();

        return idempotent.RunAsync(caller, body.Bytes, async (database, _, cancellationToken) =>
        {
            var uuid = Guid.CreateVersion7();
            var credential = new ExternalCredential
            {
                OrganizationId = caller.OrganizationId,
                Uuid = uuid,
                Name = request.Name!,
                Description = request.Description,
                CredentialType = request.CredentialType!,
                EncryptedData = protector.Protect(request.CredentialType!, caller.OrganizationId, uuid, Text(request.CredentialData)),
                IsActive = true,
            };
            database.ExternalCredentials.Add(credential);
            await audit.WriteAsync(
                database, caller.OrganizationId, AuditAction.CredentialCreated, $"{uuid:D}", new { credential.Name, credential.CredentialType }, cancellationToken);
            return new Answer(StatusCodes.Status201Created, CredentialView.Of(credential));
        });
    }

    private static async Task<Ok<Page<CredentialView>>> ListCredentials(
        Caller caller, HttpRequest request, TenantDbContext database, CancellationToken cancellationToken)
    {
        var page = PageRequest.Read(request);
        var query = Active(database, caller).AsNoTracking();
        if (!page.IsFirst)
        {
            var last = (page.CreatedAt, Id: page.IdAsUuid);
            query = query.Where(x => EF.Functions.LessThan(ValueTuple.Create(x.CreatedAt, x.Uuid), ValueTuple.Create(last.CreatedAt, last.Id)));
        }

        var rows = await query.OrderByDescending(x => x.CreatedAt).ThenByDescending(x => x.Uuid).Take(page.Limit + 1).ToListAsync(cancellationToken);
        return TypedResults.Ok(page.ToPage(rows, x => (x.CreatedAt, x.Uuid), CredentialView.Of));
    }

    private static async Task<Ok<CredentialView>> GetCredential(Caller caller, Guid uuid, TenantDbContext database, CancellationToken cancellationToken) =>
        TypedResults.Ok(CredentialView.Of(await FindAsync(caller, uuid, database, cancellationToken)));

    private static async Task<Ok<CredentialView>> UpdateCredential(
        Caller caller, Guid uuid, JsonBody<CredentialRequest> body, TenantDbContext database, CredentialProtector protector, EgressGuard guard,
        TimeProvider time, AuditLog audit, CancellationToken cancellationToken)
    {
        var request = body.Value;
        var credential = await FindAsync(caller, uuid, database, cancellationToken);
        var faults = new Faults();
        if (body.Element.TryGetProperty("name", out _)) faults.RequireText("name", request.Name);
        faults.CheckText("description", request.Description, MaxDescriptionLength);
        var type = request.CredentialType ?? credential.CredentialType;
        var hasData = request.CredentialData.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null);
        // Another type needs other data: what is stored would not make the header that its owner expects.
        if (hasData || type != credential.CredentialType) faults.Add(CredentialData.FindFaults(type, request.CredentialData, guard, time.GetUtcNow()));
        faults.ThrowIfAny();

        if (request.Name is not null) credential.Name = request.Name;
        if (body.Element.TryGetProperty("description", out _)) credential.Description = request.Description;
        if (hasData || type != credential.CredentialType)
        {
            credential.EncryptedData = protector.Protect(type, caller.OrganizationId, uuid, Text(request.CredentialData));
        }

        var isChanged = database.Entry(credential).Property(x => x.EncryptedData).IsModified;
        credential.CredentialType = type;
        var changed = ChangedFields(database.Entry(credential));
        await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
        await audit.WriteAsync(
            database, caller.OrganizationId, AuditAction.CredentialUpdated, $"{uuid:D}", new { credential.Name, credential.CredentialType, Changed = changed }, cancellationToken);
        if (isChanged) await DropTokenAsync(caller, uuid, database, cancellationToken);
        await Active(database, caller).Where(x => x.Uuid == uuid)
            .ExecuteUpdateAsync(set => set.SetProperty(x => x.UpdatedAt, x => DatabaseFunctions.Now()), cancellationToken);
        await transaction.CommitAsync(CancellationToken.None);
        await database.Entry(credential).ReloadAsync(cancellationToken);
        return TypedResults.Ok(CredentialView.Of(credential));
    }

    private static async Task<NoContent> DeleteCredential(Caller caller, Guid uuid, TenantDbContext database, AuditLog audit, CancellationToken cancellationToken)
    {
        await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
        var deleted = await Active(database, caller).Where(x => x.Uuid == uuid)
            .ExecuteUpdateAsync(
                set => set.SetProperty(x => x.IsActive, false).SetProperty(x => x.UpdatedAt, x => DatabaseFunctions.Now()), cancellationToken);
        if (deleted == 0) throw ApiProblemException.NotFound("credential");
        await DropTokenAsync(caller, uuid, database, cancellationToken);
        await audit.WriteAsync(database, caller.OrganizationId, AuditAction.CredentialDeleted, $"{uuid:D}", cancellationToken: cancellationToken);
        await transaction.CommitAsync(CancellationToken.None);
        return TypedResults.NoContent();
    }

    // By the names that they have in the API; of the data only that they were changed.
    private static List<string> ChangedFields(EntityEntry<ExternalCredential> entry)
    {
        var changed = new List<string>();
        if (entry.Property(x => x.Name).IsModified) changed.Add("name");
        if (entry.Property(x => x.Description).IsModified) changed.Add("description");
        if (entry.Property(x => x.CredentialType).IsModified) changed.Add("credential_type");
        if (entry.Property(x => x.EncryptedData).IsModified) changed.Add("credential_data");
        return changed;
    }

    // It is of no use to anybody by now: it is bound to what the credential was. But it need not lie there.
    private static Task<int> DropTokenAsync(Caller caller, Guid uuid, DograhDbContext database, CancellationToken cancellationToken) =>
        database.OAuthTokens.Where(x => x.OrganizationId == caller.OrganizationId && x.CredentialUuid == uuid).ExecuteDeleteAsync(cancellationToken);

    private static IQueryable<ExternalCredential> Active(DograhDbContext database, Caller caller) =>
        database.ExternalCredentials.Where(x => x.OrganizationId == caller.OrganizationId && x.IsActive);

    internal static async Task<ExternalCredential> FindAsync(Caller caller, Guid uuid, DograhDbContext database, CancellationToken cancellationToken) =>
        await Active(database, caller).SingleOrDefaultAsync(x => x.Uuid == uuid, cancellationToken) ?? throw ApiProblemException.NotFound("credential");

    private static string Text(JsonElement data) => data.ValueKind == JsonValueKind.Object ? data.GetRawText() : "{}";
}

/// <summary>A credential as it is stored or changed.</summary>
internal sealed record CredentialRequest(string? Name, string? Description, string? CredentialType, JsonElement CredentialData);

/// <summary>A credential without its data.</summary>
internal sealed record CredentialView(
    Guid Uuid, string Name, string? Description, string CredentialType, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt)
{
    public static CredentialView Of(ExternalCredential x) => new(x.Uuid, x.Name, x.Description, x.CredentialType, x.CreatedAt, x.UpdatedAt);
}
