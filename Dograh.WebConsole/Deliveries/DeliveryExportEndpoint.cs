using Dograh.Client;
using Dograh.WebConsole.Session;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Dograh.WebConsole.Deliveries;

/// <summary>Hands the API's export on to the browser, which has a cookie and no key.</summary>
internal static class DeliveryExportEndpoint
{
    /// <summary>Its path.</summary>
    public const string Path = "/deliveries/export";

    private const string CountHeader = "X-Dograh-Count";

    public static void MapDeliveryExport(this IEndpointRouteBuilder routes) => routes.MapGet(Path, ExportAsync).RequireAuthorization(SessionCookie.SchemeName).ExcludeFromDescription();

    private static async Task ExportAsync(HttpContext context, LoopbackApi api)
    {
        var query = context.Request.Query;
        var filter = new DeliveryFilter
        {
            Status = Find("status"), WorkflowId = DeliveryFilters.Id(Find("workflow_id")), WorkflowRunId = DeliveryFilters.Id(Find("workflow_run_id")), WebhookNodeId = Find("webhook_node_id"),
            EndpointHost = Find("endpoint_host"), CreatedAfter = DeliveryFilters.Time(Find("created_after")), CreatedBefore = DeliveryFilters.Time(Find("created_before")), StatusCode = Find("status_code"),
            Error = Find("error"), Cause = Find("cause"),
            DeliveryIds = Find("delivery_ids") is { } ids ? [.. ids.Split(',').Select(id => Guid.TryParse(id, out var uuid) ? uuid : Guid.Empty)] : null,
        };
        var user = context.User;
        var client = api.ClientOf(user.FindFirst(SessionCookie.KeyClaim)!.Value);
        var session = new ConsoleSession(user);
        if (session is { IsOperator: true, OrganizationId: { } organization }) client = client.ForOrganization(organization);
        try
        {
            using var export = await client.Deliveries.ExportAsync(Find("format") ?? "csv", filter, context.RequestAborted);
            context.Response.ContentType = export.ContentType;
            if (export.Count is { } count) context.Response.Headers[CountHeader] = $"{count}";
            context.Response.Headers.ContentDisposition = "attachment";
            await export.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
        }
        catch (DograhApiException e) when (!context.Response.HasStarted)
        {
            context.Response.StatusCode = e.Status;
        }

        string? Find(string name) => DeliveryFilters.Clean(query[name]);
    }
}
