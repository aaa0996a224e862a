using Dograh.Api.Access;
using Dograh.Api.Http;
using Dograh.Webhooks.Data;
using Dograh.Webhooks.Organizations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace Dograh.Api.Organizations;

/// <summary>An organization's own keys.</summary>
internal static class ApiKeysApi
{
    public static void MapApiKeys(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api-keys").WithTags("API keys").RequireAuthorization(Policies.Organization);
        group.MapPost("", CreateApiKey).WithName("CreateApiKey").WithSummary("Create an API key, shown once").WithMetadata(new NotIdempotent());
        group.MapGet("", ListApiKeys).WithName("ListApiKeys").WithSummary("List API keys, never the keys themselves")
            .WithMetadata(new ListParameters());
        group.MapDelete("/{id:guid}", DeleteApiKey).WithName("DeleteApiKey").WithSummary("Delete an API key: it stops working at once");
    }

    /// <summary>The row that stands for a key.</summary>
    public static ApiKey NewKey(long organizationId, string name, string secret) => new()
    {
        Id = Guid.CreateVersion7(),
        OrganizationId = organizationId,
        Name = name,
        Prefix = ApiKeySecret.PrefixOf(secret),
        KeyHash = ApiKeySecret.Hash(secret),
    };

    private static async Task<Created<CreatedApiKey>> CreateApiKey(
        Caller caller, JsonBody<NamedRequest> body, DograhDbContext database, CancellationToken cancellationToken)
    {
        var faults = new Faults();
        var name = faults.RequireText("name", body.Value.Name);
        faults.ThrowIfAny();

        var secret = ApiKeySecret.Create();
        var key = NewKey(caller.OrganizationId, name, secret);
        database.ApiKeys.Add(key);
        await database.SaveChangesAsync(cancellationToken);
        return TypedResults.Created((string?)null, new CreatedApiKey(key.Id, key.Name, key.Prefix, key.CreatedAt, secret));
    }

    private static async Task<Ok<Page<ApiKeyView>>> ListApiKeys(
        Caller caller, HttpRequest request, DograhDbContext database, CancellationToken cancellationToken)
    {
        var page = PageRequest.Read(request);
        var query = database.ApiKeys.AsNoTracking().Where(x => x.OrganizationId == caller.OrganizationId);
        if (!page.IsFirst)
        {
            var last = (page.CreatedAt, Id: page.IdAsUuid);
            query = query.Where(x => EF.Functions.LessThan(ValueTuple.Create(x.CreatedAt, x.Id), ValueTuple.Create(last.CreatedAt, last.Id)));
        }

        var rows = await query.OrderByDescending(x => x.CreatedAt).ThenByDescending(x => x.Id).Take(page.Limit + 1).ToListAsync(cancellationToken);
        return TypedResults.Ok(page.ToPage(rows, x => (x.CreatedAt, x.Id), x => new ApiKeyView(x.Id, x.Name, x.Prefix, x.CreatedAt)));
    }

    private static async Task<NoContent> DeleteApiKey(Caller caller, Guid id, DograhDbContext database, CancellationToken cancellationToken)
    {
        var deleted = await database.ApiKeys.Where(x => x.OrganizationId == caller.OrganizationId && x.Id == id).ExecuteDeleteAsync(cancellationToken);
        return deleted == 0 ? throw ApiProblemException.NotFound("API key") : TypedResults.NoContent();
    }
}

/// <summary>An API key, without the key.</summary>
internal sealed record ApiKeyView(Guid Id, string Name, string Prefix, DateTimeOffset CreatedAt);

/// <summary>A new API key: the only time that it is shown.</summary>
internal sealed record CreatedApiKey(Guid Id, string Name, string Prefix, DateTimeOffset CreatedAt, string ApiKey);
