using Dograh.Api.Access;
using Dograh.Webhooks.Deliveries;

namespace Dograh.Api.Sending;

/// <summary>Makes deliveries that are built as any other and that no row is behind.</summary>
internal static class UnstoredDelivery
{
    /// <summary>A delivery as it would be claimed for its first attempt; what only storing gives is zero.</summary>
    /// <param name="caller">Whose it is.</param>
    /// <param name="endpointUrl">The URL.</param>
    /// <param name="httpMethod">The method.</param>
    /// <param name="payload">The body.</param>
    /// <param name="credential">The credential.</param>
    /// <remarks>It is of no node, and so signed with the organization's secrets, until somebody says of which.</remarks>
    public static ClaimedDelivery Of(Caller caller, string endpointUrl, string httpMethod, byte[] payload, Guid? credential) => new()
    {
        Key = new DeliveryKey(caller.OrganizationId, 0),
        Token = 0,
        DeliveryUuid = Guid.Empty,
        WorkflowRunId = 0,
        WorkflowId = 0,
        WebhookNodeId = "",
        EndpointUrl = endpointUrl,
        HttpMethod = httpMethod,
        Payload = payload,
        CustomHeaders = "[]",
        CredentialUuid = credential,
        AttemptCount = 0,
        MaxAttempts = 1,
        BaseDelaySeconds = 0,
        MaxDelaySeconds = 0,
        Timeout = TimeSpan.Zero,
        LeaseUntil = default,
        TraceParent = null,
        CreatedAt = default,
    };
}
