using Dograh.Api.Access;
using Dograh.Api.Auditing;
using Dograh.Api.Http;
using Dograh.Webhooks.Auditing;
using Dograh.Webhooks.Data;
using Dograh.Webhooks.Organizations;
using Dograh.Webhooks.Signing;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace Dograh.Api.Organizations;

/// <summary>The operator's paths: organizations.</summary>
internal static class OrganizationsApi
{
    private const string FirstKeyName = "default";

    public static void MapOrganizations(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/organizations").WithTags("Organizations").RequireAuthorization(Policies.Admin);
        group.MapPost("", CreateOrganization).WithName("CreateOrganization").WithSummary("Create an organization, its signing secret and its first API key, shown once")
            .WithMetadata(new NotIdempotent());
        group.MapGet("", ListOrganizations).WithName("ListOrganizations").WithSummary("List organizations")
            .WithMetadata(new ListParameters());
    }

    private static async Task<Created<CreatedOrganization>> CreateOrganization(
        JsonBody<NamedRequest> body, DograhDbContext database, SigningSecretStore signing, AuditLog audit, CancellationToken cancellationToken)
    {
        var faults = new Faults();
        var name = faults.RequireText("name", body.Value.Name);
        faults.ThrowIfAny();

        var secret = ApiKeySecret.Create();
        var organization = new Organization { Name = name };
        await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
        database.Organizations.Add(organization);
        await database.SaveChangesAsync(cancellationToken);
        var key = ApiKeysApi.NewKey(organization.Id, FirstKeyName, secret);
        database.ApiKeys.Add(key);
        audit.Add(database, organization.Id, AuditAction.OrganizationCreated, $"{organization.Id}", new { organization.Name, ApiKeyId = key.Id, ApiKeyPrefix = key.Prefix });
        signing.Add(database, organization.Id, SigningScope.Organization, SigningAlgorithm.V1);
        await database.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(CancellationToken.None);
        return TypedResults.Created((string?)null, new CreatedOrganization(organization.Id, organization.Name, organization.CreatedAt, secret));
    }

    private static async Task<Ok<Page<OrganizationView>>> ListOrganizations(
        HttpRequest request, DograhDbContext database, CancellationToken cancellationToken)
    {
        var page = PageRequest.Read(request);
        var rows = await ReadPageAsync(page, database, cancellationToken);
        return TypedResults.Ok(page.ToPage(rows, x => (x.CreatedAt, x.Id), x => new OrganizationView(x.Id, x.Name, x.CreatedAt)));
    }

    /// <summary>Reads a page's organizations, and one more.</summary>
    public static Task<List<Organization>> ReadPageAsync(PageRequest page, DograhDbContext database, CancellationToken cancellationToken)
    {
        var query = database.Organizations.AsNoTracking();
        if (!page.IsFirst)
        {
            var last = (page.CreatedAt, Id: page.IdAsNumber);
            query = query.Where(x => EF.Functions.LessThan(ValueTuple.Create(x.CreatedAt, x.Id), ValueTuple.Create(last.CreatedAt, last.Id)));
        }

        return query.OrderByDescending(x => x.CreatedAt).ThenByDescending(x => x.Id).Take(page.Limit + 1).ToListAsync(cancellationToken);
    }
}

/// <summary>A thing's name.</summary>
internal sealed record NamedRequest(string? Name);

/// <summary>An organization.</summary>
internal sealed record OrganizationView(long Id, string Name, DateTimeOffset CreatedAt);

/// <summary>A new organization, with its first key: the only time that it is shown.</summary>
internal sealed record CreatedOrganization(long Id, string Name, DateTimeOffset CreatedAt, string ApiKey);
