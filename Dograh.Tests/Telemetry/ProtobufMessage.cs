using Google.Protobuf;

namespace Dograh.Tests.Telemetry;

/// <summary>A protobuf message read without its schema: the values of each field number, in the order in which they came.</summary>
/// <remarks>Enough for OTLP, which has no packed numbers that we want; its numbers are in opentelemetry-proto's <c>.proto</c> files.</remarks>
internal sealed class ProtobufMessage
{
    private readonly List<(int Field, object Value)> _values = [];

    private ProtobufMessage(CodedInputStream input)
    {
        uint tag;
        while ((tag = input.ReadTag()) != 0)
        {
            _values.Add((WireFormat.GetTagFieldNumber(tag), WireFormat.GetTagWireType(tag) switch
            {
                WireFormat.WireType.Varint => input.ReadUInt64(),
                WireFormat.WireType.Fixed64 => input.ReadFixed64(),
                WireFormat.WireType.Fixed32 => (ulong)input.ReadFixed32(),
                WireFormat.WireType.LengthDelimited => input.ReadBytes(),
                var wireType => throw new InvalidDataException($"Wire type {wireType} is not used by OTLP."),
            }));
        }
    }

    /// <summary>Reads a message.</summary>
    public static ProtobufMessage Parse(byte[] bytes) => new(new CodedInputStream(bytes));

    /// <summary>Whether it has this field.</summary>
    public bool Has(int field) => _values.Exists(value => value.Field == field);

    /// <summary>A repeated field of messages.</summary>
    public IEnumerable<ProtobufMessage> Messages(int field) => All<ByteString>(field).Select(bytes => new ProtobufMessage(bytes.CreateCodedInput()));

    /// <summary>A field that is a message; an empty one if it is missing.</summary>
    public ProtobufMessage Message(int field) => Messages(field).LastOrDefault() ?? Parse([]);

    /// <summary>A field of text; <c>""</c> if it is missing.</summary>
    public string Text(int field) => All<ByteString>(field).LastOrDefault()?.ToStringUtf8() ?? "";

    /// <summary>A field of bytes, as lower-case hexadecimal digits; <c>""</c> if it is missing.</summary>
    public string Hex(int field) => Convert.ToHexStringLower((All<ByteString>(field).LastOrDefault() ?? ByteString.Empty).Span);

    /// <summary>A field that is a number; 0 if it is missing.</summary>
    public ulong Number(int field) => All<ulong>(field).LastOrDefault();

    private IEnumerable<T> All<T>(int field) => _values.Where(value => value.Field == field).Select(value => (T)value.Value);
}
