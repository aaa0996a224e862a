using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Dograh.Webhooks.Receiver;

/// <summary>Makes an endpoint a receiver of webhooks.</summary>
public static class WebhookEndpoints
{
    /// <summary>Lets only webhooks in that were signed, and each of them once.</summary>
    /// <remarks>
    /// <code>
    /// app.MapPost("/hook", (Webhook webhook) => …).ReceiveWebhooks(new WebhookVerifier(secret), new InMemoryWebhooks());
    /// </code>
    /// The handler takes a <see cref="Webhook"/>, and nothing else of the body. 400: a header is missing or malformed. 401: the signature is wrong, or too old or
    /// new. 200 without the handler: it is done. 503: an earlier attempt of it is still under way. A handler that throws, or answers anything
    /// but 2xx, has not done it: the next attempt is its again.
    /// </remarks>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="verifier">What verifies.</param>
    /// <param name="memory">What remembers which are done; null to let the handler see every attempt.</param>
    /// <exception cref="InvalidOperationException">The handler takes no <see cref="Webhook"/>; thrown as the endpoint is built.</exception>
    public static RouteHandlerBuilder ReceiveWebhooks(this RouteHandlerBuilder endpoint, WebhookVerifier verifier, IWebhookMemory? memory = null) =>
        endpoint.AddEndpointFilterFactory((factory, next) =>
        {
            // The body is read before a filter runs: only this parameter keeps its bytes.
            var index = Array.FindIndex(factory.MethodInfo.GetParameters(), parameter => parameter.ParameterType == typeof(Webhook));
            if (index < 0) throw new InvalidOperationException($"A handler that receives webhooks takes a {nameof(Webhook)}.");
            return async invocation => await ReceiveAsync(invocation, invocation.GetArgument<Webhook>(index), next, verifier, memory).ConfigureAwait(false);
        });

    private static async ValueTask<object?> ReceiveAsync(
        EndpointFilterInvocationContext invocation, Webhook webhook, EndpointFilterDelegate next, WebhookVerifier verifier, IWebhookMemory? memory)
    {
        var headers = invocation.HttpContext.Request.Headers;
        var verdict = verifier.Judge(webhook.Id, headers[Webhook.TimestampHeader], headers[Webhook.SignatureHeader], webhook.Body);
        if (verdict is WebhookVerdict.HeaderMissing or WebhookVerdict.TimestampMalformed) return Refuse(StatusCodes.Status400BadRequest, verdict);
        if (verdict is not WebhookVerdict.Valid) return Refuse(StatusCodes.Status401Unauthorized, verdict);
        if (memory is null) return await next(invocation).ConfigureAwait(false);

        var turn = await memory.BeginAsync(webhook.Id, invocation.HttpContext.RequestAborted).ConfigureAwait(false);
        if (turn == WebhookTurn.Done) return TypedResults.Ok();
        if (turn == WebhookTurn.UnderWay) return TypedResults.StatusCode(StatusCodes.Status503ServiceUnavailable);
        var isDone = false;
        try
        {
            var result = await next(invocation).ConfigureAwait(false);
            isDone = (result as IStatusCodeHttpResult)?.StatusCode is null or (>= 200 and < 300);
            return result;
        }
        finally
        {
            await memory.EndAsync(webhook.Id, isDone, CancellationToken.None).ConfigureAwait(false);
        }
    }

    private static IResult Refuse(int statusCode, WebhookVerdict verdict) =>
        TypedResults.Problem(statusCode: statusCode, title: "Webhook refused", detail: verdict.ToString());
}
