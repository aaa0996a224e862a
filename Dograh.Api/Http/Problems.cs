using System.Diagnostics;
using Dograh.Api.Access;
using Dograh.Webhooks.Data;
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
        await context.Response.WriteAsJsonAsync(Create(status, title, detail, errors), ApiJson.Options, ContentType, context.RequestAborted);
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
