using Dograh.Api.Access;
using Dograh.Api.Auditing;
using Dograh.Api.Http;
using Dograh.Webhooks.Auditing;
using Dograh.Webhooks.Bins;
using Dograh.Webhooks.Data;
using Dograh.Webhooks.Organizations;
using Dograh.Webhooks.Signing;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Dograh.Api.Bins;

/// <summary>Request bins: their owner makes them, tells them how to answer, and looks at what they got.</summary>
internal static class BinsApi
{
    public static void MapBins(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/bins").WithTags("Bins").RequireAuthorization(Policies.Organization);
        group.MapPost("", CreateBin).RequireScope(ApiKeyScope.BinsWrite).WithName("CreateBin").WithSummary("Make a receiver for development, and tell it how to answer").Produces<BinView>(StatusCodes.Status201Created);
        group.MapGet("", ListBins).RequireScope(ApiKeyScope.BinsRead).WithName("ListBins").WithSummary("List request bins").WithMetadata(new ListParameters());
        group.MapGet("/{id:guid}", GetBin).RequireScope(ApiKeyScope.BinsRead).WithName("GetBin").WithSummary("Get a request bin");
        group.MapPut("/{id:guid}", UpdateBin).RequireScope(ApiKeyScope.BinsWrite).WithName("UpdateBin").WithSummary("Rename a request bin, or tell it how to answer from now on: any of its fields");
        group.MapDelete("/{id:guid}", DeleteBin).RequireScope(ApiKeyScope.BinsWrite).WithName("DeleteBin").WithSummary("Delete a request bin with all that it got");
        group.MapGet("/{id:guid}/requests", ListRequests).RequireScope(ApiKeyScope.BinsRead).WithName("ListBinRequests")
            .WithSummary("List what a bin got: its last 200 requests, values of headers masked that may hold a secret").WithMetadata(new ListParameters());
        group.MapDelete("/{id:guid}/requests", ClearRequests).RequireScope(ApiKeyScope.BinsWrite).WithName("ClearBinRequests").WithSummary("Remove what a bin got");
    }

    private static Task<IResult> CreateBin(
        Caller caller, HttpRequest http, JsonBody<BinSettings> body, IdempotentRequest idempotent, IOptions<BinsOptions> options, AuditLog audit)
    {
        if (!options.Value.Enabled)
        {
            throw ApiProblemException.Conflict("Request bins are for development and are off here: set Bins:Enabled (BINS_ENABLED) to true and start the API again.");
        }

        var request = body.Value;
        var faults = new Faults();
        faults.RequireText("name", request.Name);
        request.Check(faults);
        faults.ThrowIfAny();

        return idempotent.RunAsync(caller, body.Bytes, async (database, _, cancellationToken) =>
        {
            // So that of many at once no more are made than may be.
            await SigningSecretStore.LockAsync(database, caller.OrganizationId, cancellationToken);
            if (await database.RequestBins.CountAsync(x => x.OrganizationId == caller.OrganizationId, cancellationToken) >= RequestBin.MaxPerOrganization)
            {
                throw ApiProblemException.Conflict($"An organization has {RequestBin.MaxPerOrganization} request bins at most; delete one that is not used any more.");
            }

            var bin = new RequestBin
            {
                OrganizationId = caller.OrganizationId,
                // Not of version 7: whoever knows the id may send, so none of it may be guessed.
                Id = Guid.NewGuid(),
                Name = request.Name!,
                FailThrough = request.FailTimes ?? 0,
                FailStatus = request.FailStatus ?? StatusCodes.Status503ServiceUnavailable,
                Status = request.Status ?? StatusCodes.Status200OK,
                DelayMs = request.DelayMs ?? 0,
                RetryAfterSeconds = request.RetryAfterSeconds ?? 0,
            };
            database.RequestBins.Add(bin);
            await audit.WriteAsync(database, caller.OrganizationId, AuditAction.BinCreated, $"{bin.Id:D}", new { bin.Name }, cancellationToken);
            return new Answer(StatusCodes.Status201Created, BinView.Of(bin, http));
        });
    }

    private static async Task<Ok<Page<BinView>>> ListBins(Caller caller, HttpRequest request, TenantDbContext database, CancellationToken cancellationToken)
    {
        var page = PageRequest.Read(request);
        var query = Of(caller, database).AsNoTracking();
        if (!page.IsFirst)
        {
            var last = (page.CreatedAt, Id: page.IdAsUuid);
            query = query.Where(x => EF.Functions.LessThan(ValueTuple.Create(x.CreatedAt, x.Id), ValueTuple.Create(last.CreatedAt, last.Id)));
        }

        var rows = await query.OrderByDescending(x => x.CreatedAt).ThenByDescending(x => x.Id).Take(page.Limit + 1).ToListAsync(cancellationToken);
        return TypedResults.Ok(page.ToPage(rows, x => (x.CreatedAt, x.Id), x => BinView.Of(x, request)));
    }

    private static async Task<Ok<BinView>> GetBin(Caller caller, Guid id, HttpRequest request, TenantDbContext database, CancellationToken cancellationToken) =>
        TypedResults.Ok(BinView.Of(await FindAsync(caller, id, database, cancellationToken), request));

    private static async Task<Ok<BinView>> UpdateBin(
        Caller caller, Guid id, HttpRequest http, JsonBody<BinSettings> body, TenantDbContext database, AuditLog audit, CancellationToken cancellationToken)
    {
        await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
        await FindAsync(caller, id, database, cancellationToken);
        var request = body.Value;
        var faults = new Faults();
        if (body.Element.TryGetProperty("name", out _)) faults.RequireText("name", request.Name);
        request.Check(faults);
        faults.ThrowIfAny();

        await Of(caller, database).Where(x => x.Id == id).ExecuteUpdateAsync(
            set =>
            {
                set.SetProperty(x => x.UpdatedAt, x => DatabaseFunctions.Now());
                if (request.Name is { } name) set.SetProperty(x => x.Name, name);
                // Those that arrive meanwhile are counted before or after, and not lost.
                if (request.FailTimes is { } times) set.SetProperty(x => x.FailThrough, x => x.Received + times);
                if (request.FailStatus is { } failStatus) set.SetProperty(x => x.FailStatus, failStatus);
                if (request.Status is { } status) set.SetProperty(x => x.Status, status);
                if (request.DelayMs is { } delay) set.SetProperty(x => x.DelayMs, delay);
                if (request.RetryAfterSeconds is { } retryAfter) set.SetProperty(x => x.RetryAfterSeconds, retryAfter);
            },
            cancellationToken);
        var bin = await FindAsync(caller, id, database, cancellationToken);
        await audit.WriteAsync(
            database, caller.OrganizationId, AuditAction.BinUpdated, $"{id:D}",
            new { bin.Name, request.FailTimes, bin.FailStatus, bin.Status, bin.DelayMs, bin.RetryAfterSeconds }, cancellationToken);
        await transaction.CommitAsync(CancellationToken.None);
        return TypedResults.Ok(BinView.Of(bin, http));
    }

    private static async Task<NoContent> DeleteBin(Caller caller, Guid id, TenantDbContext database, AuditLog audit, CancellationToken cancellationToken)
    {
        await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
        var bin = await FindAsync(caller, id, database, cancellationToken);
        // Of two that delete it at once, the second one finds it gone.
        if (await Of(caller, database).Where(x => x.Id == id).ExecuteDeleteAsync(cancellationToken) == 0) throw ApiProblemException.NotFound("bin");
        await audit.WriteAsync(database, caller.OrganizationId, AuditAction.BinDeleted, $"{id:D}", new { bin.Name }, cancellationToken);
        await transaction.CommitAsync(CancellationToken.None);
        return TypedResults.NoContent();
    }

    private static async Task<Ok<Page<BinRequestView>>> ListRequests(
        Caller caller, Guid id, HttpRequest request, TenantDbContext database, CancellationToken cancellationToken)
    {
        var page = PageRequest.Read(request);
        await FindAsync(caller, id, database, cancellationToken);
        var query = database.BinRequests.AsNoTracking().Where(x => x.OrganizationId == caller.OrganizationId && x.BinId == id);
        if (!page.IsFirst)
        {
            var last = page.IdAsNumber;
            query = query.Where(x => x.Number < last);
        }

        var rows = await query.OrderByDescending(x => x.Number).Take(page.Limit + 1).ToListAsync(cancellationToken);
        return TypedResults.Ok(page.ToPage(rows, x => (x.ReceivedAt, x.Number), BinRequestView.Of));
    }

    private static async Task<NoContent> ClearRequests(Caller caller, Guid id, TenantDbContext database, AuditLog audit, CancellationToken cancellationToken)
    {
        await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
        var bin = await FindAsync(caller, id, database, cancellationToken);
        var removed = await database.BinRequests.Where(x => x.OrganizationId == caller.OrganizationId && x.BinId == id).ExecuteDeleteAsync(cancellationToken);
        await audit.WriteAsync(database, caller.OrganizationId, AuditAction.BinCleared, $"{id:D}", new { bin.Name, removed }, cancellationToken);
        await transaction.CommitAsync(CancellationToken.None);
        return TypedResults.NoContent();
    }

    private static IQueryable<RequestBin> Of(Caller caller, DograhDbContext database) => database.RequestBins.Where(x => x.OrganizationId == caller.OrganizationId);

    private static async Task<RequestBin> FindAsync(Caller caller, Guid id, DograhDbContext database, CancellationToken cancellationToken) =>
        await Of(caller, database).AsNoTracking().SingleOrDefaultAsync(x => x.Id == id, cancellationToken) ?? throw ApiProblemException.NotFound("bin");
}

/// <summary>A bin as it is made or told something else.</summary>
/// <param name="Name">What its owner calls it.</param>
/// <param name="FailTimes">How many of the next requests to fail; then it answers <paramref name="Status"/> again.</param>
/// <param name="FailStatus">What those are answered with; 503 unless told otherwise.</param>
/// <param name="Status">What all others are answered with; 200 unless told otherwise.</param>
/// <param name="DelayMs">How long each waits for its answer.</param>
/// <param name="RetryAfterSeconds">What Retry-After says in an answer that is no success; 0 for none.</param>
internal sealed record BinSettings(string? Name, int? FailTimes, int? FailStatus, int? Status, int? DelayMs, int? RetryAfterSeconds)
{
    private const int MaxFailTimes = 1000;
    private const int MaxDelayMs = 60_000;
    private const int MaxRetryAfterSeconds = 24 * 60 * 60;

    public void Check(Faults faults)
    {
        Check(faults, "fail_times", FailTimes, 0, MaxFailTimes);
        Check(faults, "fail_status", FailStatus, 300, 599);
        Check(faults, "status", Status, 200, 599);
        Check(faults, "delay_ms", DelayMs, 0, MaxDelayMs);
        Check(faults, "retry_after_seconds", RetryAfterSeconds, 0, MaxRetryAfterSeconds);
    }

    private static void Check(Faults faults, string field, int? value, int least, int most)
    {
        if (value < least || value > most) faults.Add(field, $"must be a whole number from {least} to {most}");
    }
}
