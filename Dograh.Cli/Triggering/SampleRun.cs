using System.Text.Json;
using Dograh.Client;

namespace Dograh.Cli.Triggering;

/// <summary>A call that never was, with the fields that calls tend to have.</summary>
internal static class SampleRun
{
    /// <summary>The run.</summary>
    public static RunRequest Create() => new()
    {
        Name = "Sample run of dograh trigger",
        InitialContext = JsonElement.Parse("""{"first_name": "Ana", "last_name": "Example", "phone_number": "+15550100", "customer_id": "C-1001"}"""),
        GatheredContext = JsonElement.Parse("""{"agreed": true, "call_disposition": "user_hangup", "callback_time": "2026-01-31T12:00:00Z", "summary": "Ana agreed to be called back."}"""),
        UsageInfo = JsonElement.Parse("""{"call_duration_seconds": 42}"""),
        Annotations = JsonElement.Parse("""{"sample": true}"""),
        RecordingUrl = "https://recordings.example/sample.mp3",
        TranscriptUrl = "https://recordings.example/sample.txt",
    };
}
