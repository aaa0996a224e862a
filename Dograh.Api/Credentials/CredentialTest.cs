using System.Text.Json;
using Dograh.Api.Access;
using Dograh.Api.Auditing;
using Dograh.Api.Http;
using Dograh.Api.Sending;
using Dograh.Webhooks.Auditing;
using Dograh.Webhooks.Data;
using Dograh.Webhooks.Sending;
using Dograh.Webhooks.Workflows;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Dograh.Api.Credentials;

/// <summary>One request to a URL of the caller's choice, sent and recorded as an attempt would be; nothing is stored of it.</summary>
internal static class CredentialTest
{
    private const int MaxUrlLength = 8000;
    private const string Ordinary = "POST";

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);

    public static async Task<Ok<TestAnswerView>> TestCredential(
        Caller caller, Guid uuid, JsonBody<CredentialTestRequest> body, TenantDbContext database, TestRequests tests, EgressGuard guard, AuditLog audit,
        CancellationToken cancellationToken)
    {
        await CredentialsApi.FindAsync(caller, uuid, database, cancellationToken);
        var request = body.Value;
        var faults = new Faults();
        var method = request.HttpMethod?.ToUpperInvariant() ?? Ordinary;
        if (!WebhookNode.Methods.Contains(method)) faults.Add("http_method", $"must be one of {string.Join(", ", WebhookNode.Methods)}");
        var url = faults.RequireText("url", request.Url, MaxUrlLength);
        if (url.Length > 0 && FindUrlFault(url, guard) is { } fault) faults.Add("url", fault);
        faults.ThrowIfAny();

        var payload = JsonSerializer.SerializeToUtf8Bytes(new CredentialTestBody(WebhookRequest.CredentialTest, uuid), ApiJson.Options);
        var delivery = UnstoredDelivery.Of(caller, url, method, payload, uuid) with { Timeout = Deadline };
        // To whom it is shown is on record before it is; of the URL the host, for the rest may hold anything.
        return TypedResults.Ok(await tests.SendAsync(
            delivery, WebhookRequest.CredentialTest,
            () => audit.WriteAsync(database, caller.OrganizationId, AuditAction.CredentialTested, $"{uuid:D}", new { method, Host = new Uri(url).IdnHost }, cancellationToken),
            cancellationToken));
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

    private sealed record CredentialTestBody(string Event, Guid CredentialUuid);
}

/// <summary>Where to send a test, and by which method: POST unless it says otherwise.</summary>
internal sealed record CredentialTestRequest(string? Url, string? HttpMethod);
