using System.Text.Encodings.Web;
using System.Text.Json;

namespace Dograh.Bench.Reports;

/// <summary>The whole report, rounds included, for programs.</summary>
internal static class JsonReport
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        // Read as a file, not pasted into a page: "≥" stays "≥".
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static string Write(BenchReport report) => JsonSerializer.Serialize(report, Options) + "\n";

    public static BenchReport Read(string json) => JsonSerializer.Deserialize<BenchReport>(json, Options) ?? throw new JsonException("The report is null.");
}
