namespace Dograh.WebConsole;

/// <summary>Settings of the console; section <c>Console</c>.</summary>
public sealed class ConsoleOptions
{
    /// <summary>The section's name.</summary>
    public const string SectionName = "Console";

    /// <summary>What a trace's id is put for in <see cref="TraceUrl"/>.</summary>
    public const string TraceId = "{trace_id}";

    /// <summary>Where a trace can be looked at: a URL with <c>{trace_id}</c> in the place of its id. Not set: ids are shown, and lead nowhere.</summary>
    /// <value>Default none.</value>
    public string? TraceUrl { get; set; }

    /// <summary>Whether the settings can be used.</summary>
    public bool IsValid => TraceUrl is null
        || (TraceUrl.Contains(TraceId, StringComparison.Ordinal) && Uri.TryCreate(TraceUrl, UriKind.Absolute, out var url) && url.Scheme is "http" or "https");

    /// <summary>The address of a trace; null if none is set.</summary>
    public string? FindTrace(string traceId) => TraceUrl?.Replace(TraceId, Uri.EscapeDataString(traceId), StringComparison.Ordinal);
}
