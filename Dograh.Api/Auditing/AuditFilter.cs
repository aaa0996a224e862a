using Dograh.Api.Http;
using Dograh.Webhooks.Auditing;

namespace Dograh.Api.Auditing;

/// <summary>The filters of the audit log.</summary>
internal sealed record AuditFilter(
    string? Action, string? ResourceId, bool IsOfOperator, Guid? KeyId, DateTimeOffset? CreatedAfter, DateTimeOffset? CreatedBefore)
{
    /// <summary>The filters' names.</summary>
    public static readonly string[] Names = ["action", "resource_id", "actor", "created_after", "created_before"];

    /// <summary>Reads the filters from a query string.</summary>
    /// <exception cref="ApiProblemException">One of them is not as it must be: 422.</exception>
    public static AuditFilter Read(HttpRequest request)
    {
        var faults = new Faults();
        var (action, resource, actor) = (Find("action"), Find("resource_id"), Find("actor"));
        faults.CheckText("action", action);
        faults.CheckText("resource_id", resource);
        var isOfOperator = actor == AuditActor.Operator;
        Guid? key = null;
        if (actor is not null && !isOfOperator)
        {
            if (Guid.TryParse(actor, out var id)) key = id;
            else faults.Add("actor", $"must be {AuditActor.Operator}, or an API key's id");
        }

        var filter = new AuditFilter(
            action, resource, isOfOperator, key, faults.ReadTime("created_after", Find("created_after")), faults.ReadTime("created_before", Find("created_before")));
        faults.ThrowIfAny();
        return filter;

        string? Find(string name) => request.Query[name].ToString() is { Length: > 0 } text ? text : null;
    }

    /// <summary>Lets through what the filter lets through.</summary>
    public IQueryable<AuditEvent> Apply(IQueryable<AuditEvent> events)
    {
        if (Action is { } action) events = events.Where(x => x.Action == action);
        if (ResourceId is { } resource) events = events.Where(x => x.ResourceId == resource);
        if (IsOfOperator) events = events.Where(x => x.Actor == AuditActor.Operator);
        if (KeyId is { } key) events = events.Where(x => x.ApiKeyId == key);
        if (CreatedAfter is { } after) events = events.Where(x => x.CreatedAt >= after);
        if (CreatedBefore is { } before) events = events.Where(x => x.CreatedAt < before);
        return events;
    }
}
