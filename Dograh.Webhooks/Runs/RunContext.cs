using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Dograh.Webhooks.Rendering;

namespace Dograh.Webhooks.Runs;

/// <summary>Builds the values that a template may name from a completed run.</summary>
public static class RunContext
{
    /// <summary>Builds the render context.</summary>
    /// <param name="runId">The run's id; 0 in a preview.</param>
    /// <param name="run">What it was started with.</param>
    /// <param name="workflowId">The workflow's id.</param>
    /// <param name="workflowName">The workflow's name.</param>
    /// <param name="createdAt">When the run was started.</param>
    /// <param name="completion">What the call found out.</param>
    /// <param name="now">The instant of rendering.</param>
    public static RenderContext Build(
        long runId, RunFields run, long workflowId, string workflowName, DateTimeOffset createdAt, Completion completion, DateTimeOffset now)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { SkipValidation = true }))
        {
            writer.WriteStartObject();
            writer.WriteNumber("workflow_run_id", runId);
            writer.WriteString("workflow_run_name", run.Name);
            writer.WriteNumber("workflow_id", workflowId);
            writer.WriteString("workflow_name", workflowName);
            Write(writer, "campaign_id", run.CampaignId, orElse: "null"u8);
            writer.WriteString("call_time", CallTime(createdAt));
            Write(writer, "initial_context", run.InitialContext, orElse: "{}"u8);
            Write(writer, "gathered_context", completion.GatheredContext, orElse: "{}"u8);
            Write(writer, "cost_info", completion.UsageInfo, orElse: "{}"u8);
            Write(writer, "annotations", completion.Annotations, orElse: "{}"u8);
            Write(writer, "extra", completion.Extra, orElse: "{}"u8);
            writer.WriteString("recording_url", completion.RecordingUrl);
            writer.WriteString("transcript_url", completion.TranscriptUrl);
            writer.WriteString("user_recording_url", completion.UserRecordingUrl);
            writer.WriteString("bot_recording_url", completion.BotRecordingUrl);
            writer.WriteEndObject();
        }

        // One level deeper than any body may be, for the contexts lie one level deeper here.
        using var document = JsonDocument.Parse(buffer.WrittenMemory, new JsonDocumentOptions { MaxDepth = 128 });
        return new RenderContext(document.RootElement.Clone(), now);
    }

    /// <summary>An instant as the original implementation writes it: microseconds where there are any, and the offset as <c>+00:00</c>.</summary>
    public static string CallTime(DateTimeOffset instant)
    {
        var utc = instant.ToUniversalTime();
        var hasFraction = utc.Ticks % TimeSpan.TicksPerSecond / TimeSpan.TicksPerMicrosecond != 0;
        return utc.ToString(hasFraction ? "yyyy-MM-dd'T'HH:mm:ss.ffffff'+00:00'" : "yyyy-MM-dd'T'HH:mm:ss'+00:00'", CultureInfo.InvariantCulture);
    }

    // Raw, so that numbers keep their digits and a lone surrogate is the renderer's to deal with.
    private static void Write(Utf8JsonWriter writer, string name, JsonElement element, ReadOnlySpan<byte> orElse)
    {
        writer.WritePropertyName(name);
        if (element.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null) writer.WriteRawValue(orElse, skipInputValidation: true);
        else writer.WriteRawValue(element.GetRawText(), skipInputValidation: true);
    }
}
