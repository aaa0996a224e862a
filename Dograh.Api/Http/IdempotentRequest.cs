using System.Text.Json;
using Dograh.Api.Access;
using Dograh.Webhooks.Data;
using Dograh.Webhooks.Idempotency;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Dograh.Api.Http;

/// <summary>Runs a request's work in one transaction, together with its <c>Idempotency-Key</c> where it has one.</summary>
/// <remarks>
/// The key, the work and the answer commit together. A second request under the same key waits for the first and gets its answer; if the
/// first one fails or its process dies, its key is gone with it, and the second does the work. Refusals (4xx) are not kept.
/// </remarks>
internal sealed class IdempotentRequest(TenantDbContext database, IHttpContextAccessor accessor)
{
    public const string Header = "Idempotency-Key";
    public const string ReplayedHeader = "Idempotency-Replayed";

    /// <summary>Runs the work.</summary>
    /// <param name="caller">Whose request it is.</param>
    /// <param name="body">The request's body, which the key is bound to.</param>
    /// <param name="work">Does it, on the context's own connection within the transaction, and says what to answer.</param>
    /// <exception cref="ApiProblemException">The key is too long (422) or was used with another body (409); or the work's own.</exception>
    public async Task<IResult> RunAsync(Caller caller, byte[] body, Func<DograhDbContext, NpgsqlConnection, CancellationToken, Task<Answer>> work)
    {
        var context = accessor.HttpContext!;
        var cancellationToken = context.RequestAborted;
        var key = ReadKey(context.Request, caller, body);

        await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
        var connection = (NpgsqlConnection)database.Database.GetDbConnection();
        if (key is not null && (await IdempotencyStore.ReserveAsync(connection, [key], cancellationToken))[0] is { } first) return Repeat(context, key, first);

        var answer = await work(database, connection, cancellationToken);
        var json = JsonSerializer.Serialize(answer.Body, answer.Body.GetType(), ApiJson.Options);
        if (key is not null) await IdempotencyStore.CompleteAsync(connection, [new KeptAnswer(key, answer.StatusCode, json)], cancellationToken);

        // From here on it is done, whether or not the client still listens.
        await transaction.CommitAsync(CancellationToken.None);
        if (answer.AfterCommit is not null) await answer.AfterCommit();
        return Json(answer.StatusCode, json);
    }

    /// <summary>The key of a request, with what it is bound to; null if it has none.</summary>
    /// <exception cref="ApiProblemException">The key is too long or empty (422).</exception>
    public static RequestKey? ReadKey(HttpRequest request, Caller caller, byte[] body)
    {
        if (!request.Headers.TryGetValue(Header, out var header)) return null;
        var key = header.ToString();
        return key.Length is > 0 and <= IdempotencyRecord.MaxKeyLength
            ? new RequestKey(caller.OrganizationId, PathOf(request), key, IdempotencyStore.Hash(body))
            : throw ApiProblemException.Unprocessable(Header, $"must be 1 to {IdempotencyRecord.MaxKeyLength} characters");
    }

    /// <summary>The path that keys are bound to: one, however it is spelled on its way to the same endpoint.</summary>
    public static string PathOf(HttpRequest request) => request.Path.Value!.TrimEnd('/').ToLowerInvariant();

    /// <summary>Answers as the first time.</summary>
    /// <exception cref="ApiProblemException">That was another body (409).</exception>
    public static IResult Repeat(HttpContext context, RequestKey key, IdempotentAnswer first)
    {
        if (!key.RequestHash.AsSpan().SequenceEqual(first.RequestHash)) throw ApiProblemException.Conflict($"This {Header} was used before with another body.");
        context.Response.Headers[ReplayedHeader] = "true";
        return Json(first.StatusCode, first.ResponseBody);
    }

    /// <summary>An answer without any key to keep it under.</summary>
    public static IResult Answer<T>(int statusCode, T body) => Json(statusCode, JsonSerializer.Serialize(body, ApiJson.Options));

    private static IResult Json(int statusCode, string body) => Results.Content(body, "application/json; charset=utf-8", statusCode: statusCode);
}

/// <summary>What to answer.</summary>
/// <param name="StatusCode">The status.</param>
/// <param name="Body">What becomes the JSON body.</param>
/// <param name="AfterCommit">What remains to be done once it is committed; must not throw.</param>
internal sealed record Answer(int StatusCode, object Body, Func<Task>? AfterCommit = null);
