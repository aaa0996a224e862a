using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Dograh.Api.Access;
using Dograh.Api.Http;
using Dograh.Webhooks.Auditing;
using Dograh.Webhooks.Data;

namespace Dograh.Api.Auditing;

/// <summary>Writes down who does what, in the transaction that does it: both are there, or neither.</summary>
internal sealed class AuditLog(IHttpContextAccessor accessor)
{
    /// <summary>Adds an event to the context; it is stored with what else the context saves.</summary>
    /// <param name="database">The context.</param>
    /// <param name="organizationId">Whose log it is.</param>
    /// <param name="action">One of <see cref="AuditAction"/>.</param>
    /// <param name="resourceId">The public id of what it was done to; null where that is many.</param>
    /// <param name="details">What else is worth knowing: becomes a JSON object. Never a secret, nor anything that may hold one.</param>
    public void Add(DograhDbContext database, long organizationId, string action, string? resourceId, object? details = null)
    {
        var context = accessor.HttpContext!;
        var key = context.Features.Get<CallerKey>()?.Key;
        database.AuditEvents.Add(new AuditEvent
        {
            OrganizationId = organizationId,
            Id = Guid.CreateVersion7(),
            Actor = key is null ? AuditActor.Operator : AuditActor.ApiKey,
            ApiKeyId = key?.Id,
            ApiKeyPrefix = key?.Prefix,
            Action = action,
            ResourceType = action[..action.IndexOf('.', StringComparison.Ordinal)],
            ResourceId = resourceId,
            ClientAddress = TextOf(context.Connection.RemoteIpAddress),
            TraceId = Activity.Current?.TraceId.ToHexString(),
            Details = details is null ? "{}" : JsonSerializer.Serialize(details, details.GetType(), ApiJson.Options),
        });
    }

    /// <summary>Adds an event and saves the context.</summary>
    public Task WriteAsync(
        DograhDbContext database, long organizationId, string action, string? resourceId, object? details = null, CancellationToken cancellationToken = default)
    {
        Add(database, organizationId, action, resourceId, details);
        return database.SaveChangesAsync(cancellationToken);
    }

    private static string? TextOf(IPAddress? address) => address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4().ToString() : address?.ToString();
}
