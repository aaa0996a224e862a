using System.Text.Json;
using Dograh.Api.Access;
using Dograh.Api.Auditing;
using Dograh.Api.Http;
using Dograh.Webhooks.Auditing;
using Dograh.Webhooks.Data;
using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Sending;
using Dograh.Webhooks.Workflows;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Dograh.Api.Credentials;

/// <summary>One request to a URL of the caller's choice, sent and recorded as an attempt would be; nothing is stored of it.</summary>
internal static class CredentialTest
{
    private const int MaxUrlLength = 8000;
    private const string Ordinary = "POST";

    // Each keeps a place of the API's for as long as its receiver takes.
    private const int MaxAtATime = 16;

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);
    private static readonly SemaphoreSlim Places = new(MaxAtATime);

    public static async Task<Ok<CredentialTestView>> TestCredential(
        Caller caller, Guid uuid, JsonBody<CredentialTestRequest> body, TenantDbContext database, DeliverySecretsResolver secrets, DeliverySender sender, DatabaseClock clock,
        EgressGuard guard, AuditLog audit, CancellationToken cancellationToken)
    {
        await CredentialsApi.FindAsync(caller, uuid, database, cancellationToken);
        var request = body.Value;
        var faults = new Faults();
        var method = request.HttpMethod?.ToUpperInvariant() ?? Ordinary;
        if (!WebhookNode.Methods.Contains(method)) faults.Add("http_method", $"must be one of {string.Join(", ", WebhookNode.Methods)}");
        var url = faults.RequireText("url", request.Url, MaxUrlLength);
        if (url.Length > 0 && FindUrlFault(url, guard) is { } fault) faults.Add("url", fault);
        faults.ThrowIfAny();

        if (!await Places.WaitAsync(TimeSpan.Zero, cancellationToken))
        {
            throw new ApiProblemException(StatusCodes.Status429TooManyRequests, "Too many tests", $"{MaxAtATime} tests are under way; try again in some seconds.");
        }

        try
        {
            // To whom it is shown is on record before it is; of the URL the host, for the rest may hold anything.
            await audit.WriteAsync(database, caller.OrganizationId, AuditAction.CredentialTested, $"{uuid:D}", new { method, Host = new Uri(url).IdnHost }, cancellationToken);
            await clock.SynchronizeAsync(cancellationToken);
            var delivery = ToDelivery(caller, uuid, method, url);
            var resolved = await secrets.ResolveAsync([delivery], cancellationToken);
            return TypedResults.Ok(CredentialTestView.Of(await sender.SendAsync(delivery, resolved[0], cancellationToken)));
        }
        finally
        {
            Places.Release();
        }
    }

    private static string? FindUrlFault(string url, EgressGuard guard)
    {
        try
        {
            _ = WebhookRequest.ParseUrl(url, guard);
            return null;
        }
        catch (UnsendableException e)
        {
            return e.Message;
        }
    }

    // A delivery as it would be claimed for its first attempt, but for the ids that only storing gives; of no node, so that it is signed with the organization's secrets.
    private static ClaimedDelivery ToDelivery(Caller caller, Guid credential, string method, string url) => new()
    {
        Key = new DeliveryKey(caller.OrganizationId, 0),
        Token = 0,
        DeliveryUuid = Guid.CreateVersion7(),
        WorkflowRunId = 0,
        WorkflowId = 0,
        WebhookNodeId = "",
        EndpointUrl = url,
        HttpMethod = method,
        Payload = JsonSerializer.SerializeToUtf8Bytes(new CredentialTestBody(WebhookRequest.CredentialTest, credential), ApiJson.Options),
        CustomHeaders = "[]",
        CredentialUuid = credential,
        AttemptCount = 0,
        MaxAttempts = 1,
        BaseDelaySeconds = 0,
        MaxDelaySeconds = 0,
        Timeout = Deadline,
        LeaseUntil = DateTimeOffset.MaxValue,
        TraceParent = null,
        CreatedAt = default,
        IsTest = true,
    };

    private sealed record CredentialTestBody(string Event, Guid CredentialUuid);
}

/// <summary>Where to send a test, and by which method: POST unless it says otherwise.</summary>
internal sealed record CredentialTestRequest(string? Url, string? HttpMethod);

/// <summary>What came of a test, redacted and cut as an attempt's record is.</summary>
/// <param name="StatusCode">The receiver's answer; null if it gave none, or was not asked.</param>
/// <param name="DurationMs">How long it took.</param>
/// <param name="Error">What went wrong; null after a 2xx.</param>
/// <param name="ResponseHeaders">The answer's headers.</param>
/// <param name="ResponseBody">The beginning of its body.</param>
internal sealed record CredentialTestView(int? StatusCode, double DurationMs, string? Error, JsonElement? ResponseHeaders, string? ResponseBody)
{
    public static CredentialTestView Of(AttemptResult result) => result switch
    {
        AttemptResult.Attempted attempt => new CredentialTestView(
            attempt.StatusCode, Math.Round(attempt.Duration.TotalMilliseconds, 3), attempt.Error,
            attempt.ResponseHeaders is null ? null : JsonElement.Parse(attempt.ResponseHeaders), attempt.ResponseBody),
        AttemptResult.Unsendable unsendable => Unsent(unsendable.Reason),
        AttemptResult.Deferred { Error: { } error } => Unsent(error),
        AttemptResult.Deferred deferred => Unsent($"not sent just now: {Describe(deferred.WaitingFor)}"),
        _ => Unsent("not sent: the credential or the signing secrets cannot be read just now"),
    };

    private static CredentialTestView Unsent(string error) => new(StatusCode: null, DurationMs: 0, error, ResponseHeaders: null, ResponseBody: null);

    private static string Describe(string waitingFor) => waitingFor switch
    {
        WaitingReason.Circuit => "the receiver has failed too often of late (its circuit is open)",
        WaitingReason.Throttled => "the receiver asked for a pause (Retry-After)",
        WaitingReason.Credential => "the access token is still being fetched",
        _ => "the receiver has as many requests under way as it may have",
    };
}
