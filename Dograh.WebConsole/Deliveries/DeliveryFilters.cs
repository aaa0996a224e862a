using System.Globalization;
using Dograh.Client;

namespace Dograh.WebConsole.Deliveries;

/// <summary>A filter as it stands in the address, by the API's own names: what is shared, and what the back button goes back to.</summary>
internal static class DeliveryFilters
{
    /// <summary>The states, as the API names them.</summary>
    public static readonly string[] States = ["pending", "succeeded", "dead_letter", "cancelled"];

    /// <summary>The query of a filter: <c>?status=pending</c>, or nothing.</summary>
    public static string ToQuery(this DeliveryFilter filter, string? cursor = null, params IEnumerable<(string Name, string? Value)> besides)
    {
        (string Name, string? Value)[] parts =
        [
            ("status", filter.Status), ("workflow_id", Text(filter.WorkflowId)), ("workflow_run_id", Text(filter.WorkflowRunId)), ("webhook_node_id", filter.WebhookNodeId),
            ("endpoint_host", filter.EndpointHost), ("created_after", Text(filter.CreatedAfter)), ("created_before", Text(filter.CreatedBefore)), ("status_code", filter.StatusCode),
            ("error", filter.Error), ("cause", filter.Cause), ("delivery_ids", filter.DeliveryIds is { } ids ? string.Join(',', ids) : null), ("cursor", cursor), .. besides,
        ];
        var query = string.Join('&', parts.Where(part => !string.IsNullOrEmpty(part.Value)).Select(part => $"{part.Name}={Uri.EscapeDataString(part.Value!)}"));
        return query.Length == 0 ? "" : $"?{query}";
    }

    /// <summary>A text that was written into a field; null for an empty one.</summary>
    public static string? Clean(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();

    /// <summary>A time as an address and a field have it, UTC.</summary>
    public static string? Text(DateTimeOffset? time) => time?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture);

    /// <summary>A time that an address or a field has; null if it is none.</summary>
    public static DateTimeOffset? Time(string? text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time) ? time : null;

    /// <summary>An id that an address or a field has; null if it is none.</summary>
    public static long? Id(string? text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : null;

    private static string? Text(long? number) => number?.ToString(CultureInfo.InvariantCulture);
}
