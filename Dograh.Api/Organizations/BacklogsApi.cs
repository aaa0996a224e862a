using Dograh.Api.Access;
using Dograh.Api.Figures;
using Dograh.Api.Http;
using Dograh.Webhooks.Data;
using Dograh.Webhooks.Data.Sql;
using Dograh.Webhooks.Organizations;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Dograh.Api.Organizations;

/// <summary>The operator's look over all organizations: what each has waiting and parked.</summary>
internal static class BacklogsApi
{
    public static void MapBacklogs(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/organizations/backlog", ListBacklogs).WithTags("Organizations").RequireAuthorization(Policies.Admin).WithName("ListBacklogs")
            .WithSummary("List organizations with what each has pending, due and parked").WithMetadata(new ListParameters());

    private static async Task<Ok<Page<OrganizationBacklogView>>> ListBacklogs(
        HttpRequest request, DograhDbContext database, BacklogReader reader, CancellationToken cancellationToken)
    {
        var page = PageRequest.Read(request);
        var organizations = await OrganizationsApi.ReadPageAsync(page, database, cancellationToken);
        var backlogs = await reader.GetAsync([.. organizations.Select(x => x.Id)], cancellationToken);
        return TypedResults.Ok(page.ToPage(organizations, x => (x.CreatedAt, x.Id), x => OrganizationBacklogView.Of(x, backlogs[x.Id])));
    }
}

/// <summary>Reads many organizations' backlogs, for as many operators as look.</summary>
internal sealed class BacklogReader(NpgsqlDataSource dataSource, TimeProvider time)
{
    // By the ids of a page.
    private readonly FiguresCache<string, IReadOnlyDictionary<long, Backlog>> _backlogs = new(time, leastAge: TimeSpan.Zero);

    /// <summary>By organization.</summary>
    public Task<IReadOnlyDictionary<long, Backlog>> GetAsync(IReadOnlyList<long> organizationIds, CancellationToken cancellationToken) =>
        _backlogs.GetAsync(string.Join(',', organizationIds), () => ReadAsync(organizationIds), cancellationToken);

    private async Task<IReadOnlyDictionary<long, Backlog>> ReadAsync(IReadOnlyList<long> organizationIds)
    {
        await using var connection = await dataSource.OpenConnectionAsync();
        return await ReadBacklog.ExecuteAsync(connection, organizationIds, CancellationToken.None);
    }
}

/// <summary>An organization and what it has waiting and parked.</summary>
internal sealed record OrganizationBacklogView(
    long Id, string Name, DateTimeOffset CreatedAt, long Pending, long Due, double OldestDueAgeSeconds, long DeadLetters)
{
    public static OrganizationBacklogView Of(Organization x, Backlog backlog) =>
        new(x.Id, x.Name, x.CreatedAt, backlog.Pending, backlog.Due, backlog.OldestDueAgeSeconds, backlog.DeadLetters);
}
