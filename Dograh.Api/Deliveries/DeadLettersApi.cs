using Dograh.Api.Access;
using Dograh.Webhooks.Data;
using Dograh.Webhooks.Data.Sql;
using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Organizations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Dograh.Api.Deliveries;

/// <summary>Dead letters by receiver and cause: what is to be mended once, and then replayed.</summary>
/// <remarks>Of each group it is counted, and of each receiver that did not answer looked into, no further than to a bound: the answer then says so.</remarks>
internal static class DeadLettersApi
{
    private const int MaxGroups = 200;

    // Found by hopping, one index look-up each.
    private const int MaxKeys = 1000;

    // Counted by an index alone; looked into, row by row.
    private const int MaxCounted = 1_000_000;
    private const int MaxRead = 50_000;

    public static void MapDeadLetters(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/dead-letters", GroupDeadLetters).RequireScope(ApiKeyScope.DeliveriesRead).WithName("GroupDeadLetters").WithSummary("Dead letters by receiver and cause")
            .WithTags("Deliveries").RequireAuthorization(Policies.Organization);

    private static async Task<Ok<DeadLettersView>> GroupDeadLetters(Caller caller, TenantDbContext database, CancellationToken cancellationToken)
    {
        await database.Database.OpenConnectionAsync(cancellationToken);
        var connection = (NpgsqlConnection)database.Database.GetDbConnection();

        var answered = await FindDeadLetters.FindAnsweredAsync(connection, caller.OrganizationId, MaxKeys, cancellationToken);
        var bound = MaxCounted / Math.Max(answered.Count, 1);
        var counted = await FindDeadLetters.CountAsync(connection, caller.OrganizationId, answered, bound + 1, cancellationToken);
        var groups = counted.Select(x => DeadLetterGroupView.Of(
            x.Host, FailureCause.Of(x.StatusCode), x.StatusCode, Math.Min(x.Count, bound), x.Count <= bound, x.FirstAt, x.LastAt, x.LastError)).ToList();

        var unanswered = await FindDeadLetters.FindUnansweredAsync(connection, caller.OrganizationId, MaxKeys, cancellationToken);
        var isComplete = answered.Count < MaxKeys && unanswered.Count < MaxKeys;
        var limit = MaxRead / Math.Max(unanswered.Count, 1);
        foreach (var host in unanswered)
        {
            var causes = await ByCause(database, caller, host, limit).ToListAsync(cancellationToken);
            var isAll = causes.Sum(x => x.Count) < limit;
            isComplete &= isAll;
            groups.AddRange(causes.Select(x => DeadLetterGroupView.Of(host, x.Cause, statusCode: null, x.Count, isAll, x.FirstAt, x.LastAt, x.LastError)));
        }

        var shown = groups.OrderByDescending(x => x.Count).ThenBy(x => x.EndpointHost, StringComparer.Ordinal).ThenBy(x => x.Cause, StringComparer.Ordinal).Take(MaxGroups).ToList();
        return TypedResults.Ok(new DeadLettersView(shown, isComplete && shown.Count == groups.Count));
    }

    /// <summary>A receiver's dead letters that got no answer, the newest of them, by cause.</summary>
    public static IQueryable<UnansweredDeadLetters> ByCause(DograhDbContext database, Caller caller, string host, int limit) =>
        database.WebhookDeliveries
            .Where(x => x.OrganizationId == caller.OrganizationId && x.Status == EF.Constant(DeliveryStatus.DeadLetter) && x.LastStatusCode == null && x.EndpointHost == host)
            .OrderByDescending(x => x.CreatedAt).ThenByDescending(x => x.Id).Take(limit)
            .GroupBy(FailureCause.OfUnanswered)
            .Select(x => new UnansweredDeadLetters(x.Key, x.LongCount(), x.Min(d => d.CreatedAt), x.Max(d => d.CreatedAt), x.Max(d => d.LastError)));
}

/// <summary>Dead letters of one receiver that got no answer, for one cause.</summary>
internal sealed record UnansweredDeadLetters(string Cause, long Count, DateTimeOffset FirstAt, DateTimeOffset LastAt, string? LastError);

/// <summary>Dead letters in groups, the largest first.</summary>
/// <param name="Items">The groups.</param>
/// <param name="IsComplete">False if there are more groups than are shown, or more of their kind than were looked into.</param>
internal sealed record DeadLettersView(IReadOnlyList<DeadLetterGroupView> Items, bool IsComplete);

/// <summary>Dead letters that one thing stopped.</summary>
/// <param name="EndpointHost">The receiver.</param>
/// <param name="Cause">What stopped them, in words: <c>HTTP 401</c>, <c>timeout</c>, <c>connection refused</c>, or else how the error begins.</param>
/// <param name="StatusCode">The last answer; null if there was none.</param>
/// <param name="Count">How many there are.</param>
/// <param name="IsExact">False if there are more than were counted.</param>
/// <param name="FirstAt">When the oldest of them was created.</param>
/// <param name="LastAt">When the newest of them was created.</param>
/// <param name="LastError">What went wrong with one of them, in full.</param>
/// <param name="Filters">The filters of exactly this group: for the list's query, and for a bulk replay's body.</param>
internal sealed record DeadLetterGroupView(
    string EndpointHost, string Cause, int? StatusCode, long Count, bool IsExact, DateTimeOffset FirstAt, DateTimeOffset LastAt, string? LastError, DeadLetterFiltersView Filters)
{
    public static DeadLetterGroupView Of(
        string host, string cause, int? statusCode, long count, bool isExact, DateTimeOffset firstAt, DateTimeOffset lastAt, string? lastError) =>
        new(host, cause, statusCode, count, isExact, firstAt, lastAt, lastError, new DeadLetterFiltersView(DeliveryStatus.DeadLetter, host, cause));
}

/// <summary>What finds a group.</summary>
internal sealed record DeadLetterFiltersView(DeliveryStatus Status, string EndpointHost, string Cause);
