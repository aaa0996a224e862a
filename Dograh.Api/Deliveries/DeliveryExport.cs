using System.Globalization;
using System.Text;
using System.Text.Json;
using Dograh.Api.Access;
using Dograh.Api.Http;
using Dograh.Webhooks.Data;

namespace Dograh.Api.Deliveries;

/// <summary>All deliveries that match, written as they are read: nothing of it is kept, and whoever goes away stops it.</summary>
internal static class DeliveryExport
{
    /// <summary>Says how many there are, where that is known.</summary>
    public const string CountHeader = "X-Dograh-Count";

    private const string Csv = "csv";
    private const string NdJson = "ndjson";
    private const int ChunkSize = 1000;

    private static readonly TimeSpan CountPatience = TimeSpan.FromSeconds(2);

    private static readonly string[] Columns =
    [
        "id", "status", "workflow_id", "workflow_run_id", "webhook_node_id", "webhook_name", "http_method", "endpoint_url", "attempt_count", "max_attempts", "scheduled_for",
        "last_status_code", "last_error", "credential_uuid", "trace_id", "created_at", "updated_at", "delivered_at",
    ];

    public static async Task Export(Caller caller, HttpContext context, TenantDbContext database)
    {
        var cancellationToken = context.RequestAborted;
        var format = context.Request.Query["format"].ToString();
        if (format is not (Csv or NdJson)) throw ApiProblemException.Unprocessable("format", $"must be {Csv} or {NdJson}");
        var search = DeliveryFilter.Read(context.Request).Apply(database, caller);
        var count = await search.CountAsync(database, CountPatience, cancellationToken);

        var response = context.Response;
        response.ContentType = format == Csv ? "text/csv; charset=utf-8" : "application/x-ndjson; charset=utf-8";
        response.Headers.ContentDisposition = $"attachment; filename=\"deliveries.{format}\"";
        if (count.IsExact) response.Headers[CountHeader] = count.Count.ToString(CultureInfo.InvariantCulture);

        var chunk = new StringBuilder();
        if (format == Csv) CsvWriter.AppendLine(chunk, Columns);
        // Each page is a statement by itself: no connection is kept from others while the caller reads, at a pace of its own.
        PageRequest? page = PageRequest.First(ChunkSize);
        while (page is not null)
        {
            var found = await search.ReadPageAsync(database, page, cancellationToken);
            foreach (var delivery in found.Rows.Select(DeliveryView.Of))
            {
                if (format == Csv) CsvWriter.AppendLine(chunk, ToCells(delivery));
                else chunk.Append(JsonSerializer.Serialize(delivery, ApiJson.Options)).Append('\n');
            }

            await response.WriteAsync(chunk.ToString(), Encoding.UTF8, cancellationToken);
            await response.Body.FlushAsync(cancellationToken);
            chunk.Clear();
            page = found.Next?.ToPage(ChunkSize);
        }
    }

    private static object?[] ToCells(DeliveryView x) =>
    [
        $"{x.Id:D}", JsonNamingPolicy.SnakeCaseLower.ConvertName($"{x.Status}"), x.WorkflowId, x.WorkflowRunId, x.WebhookNodeId, x.WebhookName, x.HttpMethod, x.EndpointUrl,
        x.AttemptCount, x.MaxAttempts, TextOf(x.ScheduledFor), x.LastStatusCode, x.LastError, x.CredentialUuid, x.TraceId, TextOf(x.CreatedAt), TextOf(x.UpdatedAt),
        TextOf(x.DeliveredAt),
    ];

    private static string TextOf(DateTimeOffset? time) => time is { } at ? ApiJson.TextOf(at) : "";
}
