using System.Text.Json;
using Dograh.Client.Http;

namespace Dograh.Client;

/// <summary>Which events; what is null does not matter.</summary>
/// <param name="Action">Such as <c>workflow.updated</c>.</param>
/// <param name="ResourceId">What it was done to.</param>
/// <param name="Actor">Who did it: a kind of actor, or an API key's id.</param>
/// <param name="CreatedAfter">Not before this.</param>
/// <param name="CreatedBefore">Before this.</param>
public sealed record AuditFilter(
    string? Action = null, string? ResourceId = null, string? Actor = null, DateTimeOffset? CreatedAfter = null, DateTimeOffset? CreatedBefore = null)
{
    internal Query Apply(Query query) => query.Add("action", Action).Add("resource_id", ResourceId).Add("actor", Actor)
        .Add("created_after", CreatedAfter).Add("created_before", CreatedBefore);
}

/// <summary>Something that was done.</summary>
public sealed record AuditEvent(
    Guid Id, DateTimeOffset CreatedAt, string Action, AuditActor Actor, string ResourceType, string? ResourceId, string? ClientAddress, string? TraceId,
    JsonElement Details);

/// <summary>Who did it.</summary>
public sealed record AuditActor(string Kind, Guid? KeyId, string? KeyPrefix);
