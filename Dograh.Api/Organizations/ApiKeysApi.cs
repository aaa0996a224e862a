using Dograh.Api.Access;
using Dograh.Api.Auditing;
using Dograh.Api.Http;
using Dograh.Webhooks.Auditing;
using Dograh.Webhooks.Data;
using Dograh.Webhooks.Organizations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace Dograh.Api.Organizations;

/// <summary>An organization's own keys.</summary>
internal static class ApiKeysApi
{
    private static readonly TimeSpan MaxLife = TimeSpan.FromDays(36_500);

    public static void MapApiKeys(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api-keys").WithTags("API keys").RequireAuthorization(Policies.Organization);
        group.MapPost("", CreateApiKey).RequireScope(ApiKeyScope.KeysWrite).WithName("CreateApiKey").WithSummary("Create an API key, shown once").WithMetadata(new NotIdempotent());
        group.MapGet("", ListApiKeys).RequireScope(ApiKeyScope.KeysRead).WithName("ListApiKeys").WithSummary("List API keys, never the keys themselves")
            .WithMetadata(new ListParameters());
        group.MapDelete("/{id:guid}", DeleteApiKey).RequireScope(ApiKeyScope.KeysWrite).WithName("DeleteApiKey").WithSummary("Delete an API key: it stops working at once");
    }

    /// <summary>The row that stands for a key.</summary>
    public static ApiKey NewKey(long organizationId, string name, string secret, string[]? scopes = null, DateTimeOffset? expiresAt = null) => new()
    {
        Id = Guid.CreateVersion7(),
        OrganizationId = organizationId,
        Name = name,
        Prefix = ApiKeySecret.PrefixOf(secret),
        KeyHash = ApiKeySecret.Hash(secret),
        Scopes = scopes,
        ExpiresAt = expiresAt,
    };

    private static async Task<Created<CreatedApiKey>> CreateApiKey(
        Caller caller, JsonBody<ApiKeyRequest> body, TenantDbContext database, AuditLog audit, CancellationToken cancellationToken)
    {
        var now = await database.Database.SqlQuery<DateTimeOffset>($"SELECT now() AS \"Value\"").SingleAsync(cancellationToken);
        var faults = new Faults();
        var name = faults.RequireText("name", body.Value.Name);
        CheckScopes(faults, body.Value.Scopes);
        if (body.Value.ExpiresAt is { } time && (time <= now || time > now + MaxLife)) faults.Add("expires_at", "must be in the future, and within a hundred years");
        faults.ThrowIfAny();

        // Nobody gives what they do not have: neither a scope, nor time.
        var scopes = body.Value.Scopes?.Distinct(StringComparer.Ordinal).ToArray() ?? caller.Key?.Scopes;
        if (scopes?.FirstOrDefault(scope => !caller.May(scope)) is { } lacking) throw Forbidden($"This key lacks the scope '{lacking}', so it cannot give it to another key.");
        var expiresAt = body.Value.ExpiresAt?.ToUniversalTime() ?? caller.Key?.ExpiresAt;
        if (expiresAt > caller.Key?.ExpiresAt) throw Forbidden("This key expires before that, and no key outlives the one that makes it: give an earlier expires_at.");

        var secret = ApiKeySecret.Create();
        var key = NewKey(caller.OrganizationId, name, secret, scopes, expiresAt);
        database.ApiKeys.Add(key);
        audit.Add(database, caller.OrganizationId, AuditAction.ApiKeyCreated, $"{key.Id:D}", new { key.Name, key.Prefix, Scopes = key.Scopes ?? ApiKeyScope.All, key.ExpiresAt });
        await database.SaveChangesAsync(cancellationToken);
        return TypedResults.Created((string?)null, CreatedApiKey.Of(key, secret));
    }

    private static async Task<Ok<Page<ApiKeyView>>> ListApiKeys(
        Caller caller, HttpRequest request, TenantDbContext database, CancellationToken cancellationToken)
    {
        var page = PageRequest.Read(request);
        var query = database.ApiKeys.AsNoTracking().Where(x => x.OrganizationId == caller.OrganizationId);
        if (!page.IsFirst)
        {
            var last = (page.CreatedAt, Id: page.IdAsUuid);
            query = query.Where(x => EF.Functions.LessThan(ValueTuple.Create(x.CreatedAt, x.Id), ValueTuple.Create(last.CreatedAt, last.Id)));
        }

        var rows = await query.OrderByDescending(x => x.CreatedAt).ThenByDescending(x => x.Id).Take(page.Limit + 1).ToListAsync(cancellationToken);
        return TypedResults.Ok(page.ToPage(rows, x => (x.CreatedAt, x.Id), ApiKeyView.Of));
    }

    private static async Task<NoContent> DeleteApiKey(Caller caller, Guid id, TenantDbContext database, AuditLog audit, CancellationToken cancellationToken)
    {
        await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
        var keys = database.ApiKeys.Where(x => x.OrganizationId == caller.OrganizationId && x.Id == id);
        var key = await keys.AsNoTracking().SingleOrDefaultAsync(cancellationToken);
        // Of two that delete it at once, the second one finds it gone.
        if (key is null || await keys.ExecuteDeleteAsync(cancellationToken) == 0) throw ApiProblemException.NotFound("API key");
        await audit.WriteAsync(database, caller.OrganizationId, AuditAction.ApiKeyDeleted, $"{id:D}", new { key.Name, key.Prefix }, cancellationToken);
        await transaction.CommitAsync(CancellationToken.None);
        return TypedResults.NoContent();
    }

    private static void CheckScopes(Faults faults, IReadOnlyList<string?>? scopes)
    {
        if (scopes is null) return;
        if (scopes.Count == 0) faults.Add("scopes", "must hold one at least, or not be given: then they are those of the key that makes it");
        for (var i = 0; i < scopes.Count; i++)
        {
            if (!ApiKeyScope.All.Contains(scopes[i])) faults.Add($"scopes.{i}", $"must be one of {string.Join(", ", ApiKeyScope.All)}");
        }
    }

    private static ApiProblemException Forbidden(string detail) => new(StatusCodes.Status403Forbidden, "Forbidden", detail);
}

/// <summary>An API key to be.</summary>
/// <param name="Name">What its owner calls it.</param>
/// <param name="Scopes">What it may do; without them all that the key may that makes it.</param>
/// <param name="ExpiresAt">When it stops working; without it when the key does that makes it.</param>
internal sealed record ApiKeyRequest(string? Name, string[]? Scopes, DateTimeOffset? ExpiresAt);

/// <summary>An API key, without the key.</summary>
internal sealed record ApiKeyView(
    Guid Id, string Name, string Prefix, IReadOnlyList<string> Scopes, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? LastUsedAt)
{
    public static ApiKeyView Of(ApiKey x) => new(x.Id, x.Name, x.Prefix, x.Scopes ?? ApiKeyScope.All, x.CreatedAt, x.ExpiresAt, x.LastUsedAt);
}

/// <summary>A new API key: the only time that it is shown.</summary>
internal sealed record CreatedApiKey(
    Guid Id, string Name, string Prefix, IReadOnlyList<string> Scopes, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? LastUsedAt, string ApiKey)
{
    public static CreatedApiKey Of(ApiKey x, string secret) => new(x.Id, x.Name, x.Prefix, x.Scopes ?? ApiKeyScope.All, x.CreatedAt, x.ExpiresAt, x.LastUsedAt, secret);
}
