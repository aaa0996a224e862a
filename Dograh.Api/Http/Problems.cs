using System.Diagnostics;
using System.Globalization;
using Dograh.Api.Access;
using Dograh.Webhooks.Data;
using Dograh.Webhooks.Quotas;
using Dograh.Webhooks.Redaction;
using Dograh.Webhooks.Runs;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;

namespace Dograh.Api.Http;

/// <summary>Turns every failure into an RFC 9457 problem with the trace to ask about.</summary>
internal static partial class Problems
{
    private const string ContentType = "application/problem+json";
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    /// <summary>Writes a problem as the answer.</summary>
    public static async Task WriteAsync(
        HttpContext context, int status, string title, string detail, IReadOnlyDictionary<string, string[]>? errors = null)
    {
        // Nobody is there any more to be answered.
        if (context.RequestAborted.IsCancellationRequested) return;
        context.Response.StatusCode = status;
        if (status == StatusCodes.Status503ServiceUnavailable) context.Response.Headers.RetryAfter = RetryAfter.TotalSeconds.ToString("0");
        await WriteAsync(context, Create(status, title, detail, errors));
    }

    private static Task WriteAsync(HttpContext context, ProblemDetails problem) =>
        context.Response.WriteAsJsonAsync(problem, ApiJson.Options, ContentType, context.RequestAborted);

    // Whole seconds, and one at least: whoever comes back at once comes too early.
    private static long Seconds(TimeSpan wait) => Math.Max(1, (long)Math.Ceiling(wait.TotalSeconds));

    private static void SetRetryAfter(HttpContext context, TimeSpan wait) =>
        context.Response.Headers.RetryAfter = Seconds(wait).ToString(CultureInfo.InvariantCulture);

    /// <summary>Writes that there was too much of something, and when there is room for more.</summary>
    public static Task WriteTooManyAsync(HttpContext context, string detail, TimeSpan retryAfter)
    {
        SetRetryAfter(context, retryAfter);
        return WriteAsync(context, StatusCodes.Status429TooManyRequests, "Too many requests", detail);
    }

    /// <summary>Makes the problem of a quota, for an answer that holds several.</summary>
    public static ProblemDetails Create(QuotaExceededException exceeded)
    {
        // What time mends is too much for now; what it does not is too large.
        var problem = exceeded.RetryAfter is null
            ? Create(StatusCodes.Status413PayloadTooLarge, "Quota exceeded", exceeded.Message)
            : Create(StatusCodes.Status429TooManyRequests, "Quota exceeded", exceeded.Message);
        problem.Extensions["quota"] = exceeded.Quota;
        problem.Extensions["limit"] = exceeded.Limit;
        problem.Extensions["use"] = exceeded.Use;
        if (exceeded.RetryAfter is { } wait) problem.Extensions["retry_after"] = Seconds(wait);
        return problem;
    }

    /// <summary>Makes a problem, for an answer that holds several.</summary>
    public static ProblemDetails Create(int status, string title, string detail, IReadOnlyDictionary<string, string[]>? errors = null)
    {
        var problem = new ProblemDetails { Status = status, Title = title, Detail = detail };
        if (errors is not null) problem.Extensions["errors"] = errors;
        problem.Extensions["trace_id"] = Activity.Current?.TraceId.ToHexString();
        return problem;
    }

    /// <summary>Answers what the routing refuses (no such path, method or media type), which comes without a body.</summary>
    public static Task WriteStatusAsync(StatusCodeContext context)
    {
        var status = context.HttpContext.Response.StatusCode;
        var detail = status switch
        {
            StatusCodes.Status404NotFound => "There is nothing at this path.",
            StatusCodes.Status405MethodNotAllowed => "This path does not take this method; see Allow.",
            StatusCodes.Status413PayloadTooLarge => "The body is larger than this API takes (Api:MaxBodyBytes).",
            StatusCodes.Status415UnsupportedMediaType => "The body must be application/json, and Content-Type must say so.",
            _ => "The request was refused.",
        };
        return WriteAsync(context.HttpContext, status, ReasonPhrases.GetReasonPhrase(status), detail);
    }

    /// <summary>Answers an exception.</summary>
    public static async Task WriteExceptionAsync(HttpContext context)
    {
        var exception = context.Features.Get<IExceptionHandlerFeature>()!.Error;
        try
        {
            // Whose key is gone learns nothing else.
            if (exception is KeyGoneException || (exception is ApiProblemException or BadHttpRequestException && !await KeyChecks.HasWorkingKeyAsync(context)))
            {
                KeyChecks.Forget(context);
                await context.ChallengeAsync();
                return;
            }

            if (exception is KeyLacksScopeException)
            {
                KeyChecks.Forget(context);
                await context.ForbidAsync();
                return;
            }
        }
        catch (Exception e) when (DatabaseFailure.IsUnavailable(e))
        {
            exception = e;
        }

        await WriteAsync(context, exception);
    }

    private static Task WriteAsync(HttpContext context, Exception exception)
    {
        switch (exception)
        {
            case OperationCanceledException when context.RequestAborted.IsCancellationRequested:
                // Nobody is there any more to be answered.
                return Task.CompletedTask;
            case ApiProblemException problem:
                return WriteAsync(context, problem.Status, problem.Title, problem.Message, problem.Errors);
            case BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge }:
                return WriteAsync(context, 413, "Body too large", "The body is larger than this API takes (Api:MaxBodyBytes).");
            case BadHttpRequestException bad:
                return WriteAsync(context, bad.StatusCode, ReasonPhrases.GetReasonPhrase(bad.StatusCode), bad.Message);
            case QuotaExceededException exceeded:
                var refusal = Create(exceeded);
                context.Response.StatusCode = refusal.Status!.Value;
                if (exceeded.RetryAfter is { } wait) SetRetryAfter(context, wait);
                return WriteAsync(context, refusal);
            case BatchTooLargeException tooLarge:
                return WriteAsync(context, 413, "Batch too large", tooLarge.Message);
            case Webhooks.Idempotency.IdempotencyKeyBusyException busy:
                return WriteAsync(context, 503, "Try again", busy.Message);
        }

        var logger = context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger("Dograh.Api.Problems");
        if (DatabaseFailure.IsUnavailable(exception))
        {
            LogDatabaseAway(logger, exception.GetType().Name, exception.Message);
            return WriteAsync(context, 503, "Service unavailable", "The database cannot be used just now; nothing was accepted. Send the request again.");
        }

        LogUnexpected(logger, exception);
        return WriteAsync(context, 500, "Internal error", "Something is wrong on our side; the trace id tells us what.");
    }

    [LoggerMessage(1, LogLevel.Error, "The database cannot be used just now ({ErrorType}: {Error}); answered 503.")]
    private static partial void LogDatabaseAway(ILogger logger, string errorType, [FailureText] string error);

    [LoggerMessage(2, LogLevel.Error, "A request failed for a reason of our own; answered 500.")]
    private static partial void LogUnexpected(ILogger logger, Exception exception);
}
