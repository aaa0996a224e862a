using System.Globalization;
using System.Text.Json;
using System.Threading.RateLimiting;
using Dograh.Api.Http;
using Dograh.Webhooks.Bins;
using Dograh.Webhooks.Data;
using Dograh.Webhooks.Data.Sql;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Dograh.Api.Bins;

/// <summary>Takes whatever is sent to a bin, without a key: records it, and answers as the bin was told to.</summary>
/// <remarks>
/// What comes is anybody's, so it is bounded before it is read (<see cref="Overload"/>, <see cref="BinRates"/>, <see cref="BodyBudget"/>), kept in part, and never told to anybody but the bin's
/// owner. Its <c>Authorization</c> is a customer's for the receiver that this stands for, so it is not tried as a key of ours either.
/// </remarks>
internal sealed class BinReceiver(
    NpgsqlDataSource dataSource, TenantDatabase tenants, BinSignature signature, BinRates rates, BodyBudget bodies, IHostApplicationLifetime lifetime, TimeProvider time)
{
    /// <summary>Where bins are.</summary>
    public const string Path = "/bin";

    // Longer ones are no names of methods, or ids, that anybody uses.
    private const int MaxMethod = 32;
    private const int MaxWebhookId = 256;

    /// <summary>Maps the path, for every method.</summary>
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.Map(Path + "/{id:guid}/{**rest}", (HttpContext context, Guid id, BinReceiver receiver) => receiver.ReceiveAsync(context, id))
            .AllowAnonymous().WithMetadata(new BudgetsItsBody()).ExcludeFromDescription();

    private async Task ReceiveAsync(HttpContext context, Guid id)
    {
        var organization = await FindBin.ExecuteAsync(dataSource, id, context.RequestAborted) ?? throw ApiProblemException.NotFound("bin");
        using var lease = rates.Acquire(id);
        if (!lease.IsAcquired)
        {
            await Problems.WriteTooManyAsync(
                context, "This bin gets more requests at a time, or in a minute (Bins:RequestsPerMinute), than it takes; this one was not recorded.",
                lease.TryGetMetadata(MetadataName.RetryAfter, out var wait) ? wait : TimeSpan.Zero);
            return;
        }

        BinAnswer? answer = null;
        await bodies.RunAsync(context, async _ => answer = await TakeAsync(context, organization, id));
        if (answer is null) throw ApiProblemException.NotFound("bin");
        await WaitAsync(context, answer);
        await AnswerAsync(context, answer);
    }

    // Nothing but the connection is held meanwhile. An API that is asked to stop does not wait for a slow bin: the answer comes early.
    private async Task WaitAsync(HttpContext context, BinAnswer answer)
    {
        if (answer.DelayMs == 0) return;
        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        await Task.Delay(TimeSpan.FromMilliseconds(answer.DelayMs), time, end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        context.RequestAborted.ThrowIfCancellationRequested();
    }

    private async Task<BinAnswer?> TakeAsync(HttpContext context, long organization, Guid id)
    {
        var request = context.Request;
        using var buffer = new MemoryStream();
        await request.Body.CopyToAsync(buffer, context.RequestAborted);
        var body = buffer.GetBuffer().AsMemory(0, (int)buffer.Length);

        await using var database = tenants.CreateContext(organization);
        var (verdict, stored) = await signature.JudgeAsync(database, request, body, context.RequestAborted);
        var headers = request.Headers.ToDictionary(header => header.Key, header => ShownHeaders.Of(header.Key, header.Value.ToString(), stored), StringComparer.OrdinalIgnoreCase);
        var (path, query) = ReadTarget(context);
        return await TakeBinRequest.ExecuteAsync(
            (NpgsqlConnection)database.Database.GetDbConnection(),
            new BinRequest
            {
                OrganizationId = organization,
                BinId = id,
                Method = Cut(request.Method, MaxMethod),
                Path = path,
                Query = query,
                Headers = JsonSerializer.Serialize(headers, ApiJson.Options),
                Body = body[..Math.Min(body.Length, BinRequest.MaxBody)].ToArray(),
                BodyLength = body.Length,
                WebhookId = request.Headers.TryGetValue("webhook-id", out var webhookId) ? Cut(webhookId.ToString(), MaxWebhookId) : null,
                Attempt = int.TryParse(request.Headers["X-Dograh-Delivery-Attempt"], NumberStyles.None, CultureInfo.InvariantCulture, out var attempt) ? attempt : null,
                Signature = verdict,
            },
            context.RequestAborted);
    }

    // As it came, and not as routing has decoded it.
    private static (string Path, string? Query) ReadTarget(HttpContext context)
    {
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        if (!target.StartsWith('/')) target = context.Request.Path.ToUriComponent() + context.Request.QueryString.ToUriComponent();
        var parts = target.Split('?', 2);
        return (parts[0], parts.Length > 1 ? parts[1] : null);
    }

    private static string Cut(string text, int length) => text.Length <= length ? text : text[..length];

    private static async Task AnswerAsync(HttpContext context, BinAnswer answer)
    {
        // The answer is the bin's own, not a problem of ours.
        if (context.Features.Get<IStatusCodePagesFeature>() is { } pages) pages.Enabled = false;
        var response = context.Response;
        response.StatusCode = answer.Status;
        if (answer is { Status: < 200 or > 299, RetryAfterSeconds: > 0 and var seconds }) response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        if (HttpMethods.IsHead(context.Request.Method)
            || answer.Status is StatusCodes.Status204NoContent or StatusCodes.Status205ResetContent or StatusCodes.Status304NotModified)
        {
            return;
        }

        response.ContentType = "text/plain; charset=utf-8";
        await response.WriteAsync(
            answer.IsFailure ? $"This bin was told to fail; {answer.FailuresLeft} more to come." : "This bin has recorded the request.", context.RequestAborted);
    }
}
