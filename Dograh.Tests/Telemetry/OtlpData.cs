using System.Globalization;

namespace Dograh.Tests.Telemetry;

/// <summary>The kinds of span, by OTLP's numbers.</summary>
internal enum SpanKind
{
    Internal = 1,
    Server = 2,
    Client = 3,
    Producer = 4,
    Consumer = 5,
}

/// <summary>A span as it was exported.</summary>
internal sealed record OtlpSpan(
    string Service, string TraceId, string SpanId, string ParentId, string Name, SpanKind Kind, bool IsError, IReadOnlyDictionary<string, string> Attributes)
{
    /// <summary>The spans of an <c>ExportTraceServiceRequest</c>.</summary>
    public static IEnumerable<OtlpSpan> ReadAll(ProtobufMessage request) =>
        from resource in request.Messages(1)
        from scope in resource.Messages(2)
        from span in scope.Messages(2)
        select new OtlpSpan(
            OtlpAttributes.ServiceOf(resource), span.Hex(1), span.Hex(2), span.Hex(4), span.Text(5), (SpanKind)span.Number(6),
            span.Message(15).Number(3) == 2, OtlpAttributes.Read(span, 9));
}

/// <summary>A log record as it was exported.</summary>
internal sealed record OtlpLogRecord(string Service, string TraceId, string SpanId, string Severity, string Body, IReadOnlyDictionary<string, string> Attributes)
{
    /// <summary>The records of an <c>ExportLogsServiceRequest</c>.</summary>
    public static IEnumerable<OtlpLogRecord> ReadAll(ProtobufMessage request) =>
        from resource in request.Messages(1)
        from scope in resource.Messages(2)
        from record in scope.Messages(2)
        select new OtlpLogRecord(
            OtlpAttributes.ServiceOf(resource), record.Hex(9), record.Hex(10), record.Text(3), OtlpAttributes.ReadValue(record.Message(5)),
            OtlpAttributes.Read(record, 6));
}

/// <summary>An instrument as it was exported, with the names of the tags that its points have.</summary>
internal sealed record OtlpMetric(string Service, string Meter, string Name, string Unit, string Kind, IReadOnlyList<string> Tags)
{
    // The field of each kind of data, and the field of the attributes in its points.
    private static readonly (int Field, string Kind, int Attributes)[] Kinds = [(5, "gauge", 7), (7, "counter", 7), (9, "histogram", 9)];

    /// <summary>The instruments of an <c>ExportMetricsServiceRequest</c>.</summary>
    public static IEnumerable<OtlpMetric> ReadAll(ProtobufMessage request) =>
        from resource in request.Messages(1)
        from scope in resource.Messages(2)
        from metric in scope.Messages(2)
        from kind in Kinds
        where metric.Has(kind.Field)
        let tags = metric.Message(kind.Field).Messages(1).SelectMany(point => OtlpAttributes.Read(point, kind.Attributes).Keys)
        select new OtlpMetric(
            OtlpAttributes.ServiceOf(resource), scope.Message(1).Text(1), metric.Text(1), metric.Text(3), kind.Kind, [.. tags.Distinct().Order()]);
}

/// <summary>OTLP's attributes, their values as text.</summary>
internal static class OtlpAttributes
{
    /// <summary>The attributes in a field of a message.</summary>
    public static IReadOnlyDictionary<string, string> Read(ProtobufMessage message, int field)
    {
        var attributes = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var pair in message.Messages(field)) attributes[pair.Text(1)] = ReadValue(pair.Message(2));
        return attributes;
    }

    /// <summary>The name of the service that a <c>ResourceSpans</c> or its like is of.</summary>
    public static string ServiceOf(ProtobufMessage resource) => Read(resource.Message(1), 1).GetValueOrDefault("service.name", "");

    /// <summary>An <c>AnyValue</c>.</summary>
    public static string ReadValue(ProtobufMessage value) =>
        value.Has(2) ? value.Number(2) == 1 ? "true" : "false"
        : value.Has(3) ? unchecked((long)value.Number(3)).ToString(CultureInfo.InvariantCulture)
        : value.Has(4) ? BitConverter.UInt64BitsToDouble(value.Number(4)).ToString(CultureInfo.InvariantCulture)
        : value.Has(5) ? string.Join(',', value.Message(5).Messages(1).Select(ReadValue))
        : value.Text(1);
}
