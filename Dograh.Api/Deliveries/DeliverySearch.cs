using System.Linq.Expressions;
using Dograh.Api.Http;
using Dograh.Webhooks.Data;
using Dograh.Webhooks.Deliveries;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Condition = System.Linq.Expressions.Expression<System.Func<Dograh.Webhooks.Deliveries.WebhookDelivery, bool>>;

namespace Dograh.Api.Deliveries;

/// <summary>What a filter lets through: rows that an index gives in the order of their keys, and what is sieved of them because no index tells it.</summary>
/// <remarks>A statement walks no more than <see cref="Step"/> rows to sieve, whatever it finds of them: then it is to be gone on from there.</remarks>
/// <param name="Walk">The rows.</param>
/// <param name="Sieve">What else must hold of each.</param>
internal sealed record DeliverySearch(IQueryable<DeliveryMatch> Walk, IReadOnlyList<Condition> Sieve)
{
    /// <summary>How many rows are walked at a time: some tens of milliseconds.</summary>
    public const int Step = 20_000;

    /// <summary>Reads a page, newest first: short of its limit, or empty, where a step has found no more.</summary>
    public async Task<DeliveryPage> ReadPageAsync(DograhDbContext database, PageRequest page, CancellationToken cancellationToken)
    {
        // What the page did not find and where it ended must be told of the same rows.
        await using var snapshot = Sieve.Count == 0 ? null : await database.Database.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, cancellationToken);
        var rows = await NewestFirst(page).ToListAsync(cancellationToken);
        if (rows.Count > page.Limit) return new(rows[..page.Limit], new(rows[page.Limit - 1].CreatedAt, rows[page.Limit - 1].Id));
        return new(rows, Sieve.Count == 0 ? null : await StepEnd(page).SingleOrDefaultAsync(cancellationToken));
    }

    /// <summary>A page, and one more.</summary>
    public IQueryable<DeliverySummary> NewestFirst(PageRequest page)
    {
        var walk = Descending(page);
        if (Sieve.Count > 0) walk = walk.Take(Step).WhereAll(Sieve).OrderByDescending(x => x.CreatedAt).ThenByDescending(x => x.Id);
        return walk.Take(page.Limit + 1).Select(x => x.Delivery).Select(DeliverySummary.From);
    }

    /// <summary>Where a page's step ends; nothing if there is nothing beyond it.</summary>
    public IQueryable<DeliveryPageKey> StepEnd(PageRequest page) => Descending(page).Skip(Step - 1).Take(1).Select(x => new DeliveryPageKey(x.CreatedAt, x.Id));

    /// <summary>Walks rows, oldest first.</summary>
    /// <param name="after">Where the walk before ended; null for the first.</param>
    /// <param name="rows">How many rows; fewer mean that there are no more.</param>
    public IQueryable<WalkedKey> OldestFirst(DeliveryPageKey? after, int rows)
    {
        var walk = Walk;
        if (after is not null)
        {
            var (createdAt, id) = after;
            walk = walk.Where(x => EF.Functions.GreaterThan(ValueTuple.Create(x.CreatedAt, x.Id), ValueTuple.Create(createdAt, id)));
        }

        return walk.OrderBy(x => x.CreatedAt).ThenBy(x => x.Id).Take(rows).Select(Conditions.Tell(Sieve));
    }

    /// <summary>Counts what matches.</summary>
    /// <param name="database">The context that it is searched in.</param>
    /// <param name="patience">How long the database may take.</param>
    /// <param name="cancellationToken">Counts nothing.</param>
    /// <returns>How many; if that took too long how many a step finds, so that there are at least as many.</returns>
    public async Task<DeliveryCountView> CountAsync(DograhDbContext database, TimeSpan patience, CancellationToken cancellationToken)
    {
        try
        {
            await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
            await database.Database.ExecuteSqlAsync($"SELECT set_config('statement_timeout', {(long)patience.TotalMilliseconds}::text, true)", cancellationToken);
            return new(await Walk.WhereAll(Sieve).LongCountAsync(cancellationToken), IsExact: true);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.QueryCanceled && !cancellationToken.IsCancellationRequested)
        {
            return new(await Walk.OrderByDescending(x => x.CreatedAt).ThenByDescending(x => x.Id).Take(Step).WhereAll(Sieve).LongCountAsync(cancellationToken), IsExact: false);
        }
    }

    private IOrderedQueryable<DeliveryMatch> Descending(PageRequest page)
    {
        var walk = Walk;
        if (!page.IsFirst)
        {
            var (createdAt, id) = (page.CreatedAt, page.IdAsNumber);
            walk = walk.Where(x => EF.Functions.LessThan(ValueTuple.Create(x.CreatedAt, x.Id), ValueTuple.Create(createdAt, id)));
        }

        return walk.OrderByDescending(x => x.CreatedAt).ThenByDescending(x => x.Id);
    }
}

/// <summary>A page of deliveries.</summary>
/// <param name="Rows">What was found.</param>
/// <param name="Next">Where the next page begins after; null on the last one.</param>
internal sealed record DeliveryPage(IReadOnlyList<DeliverySummary> Rows, DeliveryPageKey? Next);

/// <summary>A row that was walked.</summary>
/// <param name="CreatedAt">When the delivery was created.</param>
/// <param name="Id">Its id.</param>
/// <param name="Matches">Whether it is one that is looked for.</param>
internal sealed record WalkedKey(DateTimeOffset CreatedAt, long Id, bool Matches);

/// <summary>Holding rows against conditions.</summary>
internal static class Conditions
{
    /// <summary>Deliveries of which all of them hold.</summary>
    public static IQueryable<WebhookDelivery> WhereAll(this IQueryable<WebhookDelivery> deliveries, IEnumerable<Condition> conditions) =>
        conditions.Aggregate(deliveries, (rest, condition) => rest.Where(condition));

    /// <summary>Matches of whose delivery all of them hold.</summary>
    public static IQueryable<DeliveryMatch> WhereAll(this IQueryable<DeliveryMatch> matches, IEnumerable<Condition> conditions) =>
        conditions.Aggregate(matches, (rest, condition) => rest.Where(OfMatch(condition)));

    /// <summary>Tells of a match's key whether all of them hold.</summary>
    public static Expression<Func<DeliveryMatch, WalkedKey>> Tell(IEnumerable<Condition> conditions)
    {
        var match = Expression.Parameter(typeof(DeliveryMatch), "x");
        var holds = conditions.Select(condition => OfMatch(condition, match)).DefaultIfEmpty(Expression.Constant(value: true)).Aggregate(Expression.AndAlso);
        return Expression.Lambda<Func<DeliveryMatch, WalkedKey>>(
            Expression.New(typeof(WalkedKey).GetConstructors()[0], Expression.Property(match, nameof(DeliveryMatch.CreatedAt)), Expression.Property(match, nameof(DeliveryMatch.Id)), holds), match);
    }

    private static Expression<Func<DeliveryMatch, bool>> OfMatch(Condition condition)
    {
        var match = Expression.Parameter(typeof(DeliveryMatch), "x");
        return Expression.Lambda<Func<DeliveryMatch, bool>>(OfMatch(condition, match), match);
    }

    private static Expression OfMatch(Condition condition, ParameterExpression match) =>
        new Replacement(condition.Parameters[0], Expression.Property(match, nameof(DeliveryMatch.Delivery))).Visit(condition.Body)!;

    private sealed class Replacement(Expression from, Expression to) : ExpressionVisitor
    {
        public override Expression? Visit(Expression? node) => node == from ? to : base.Visit(node);
    }
}
