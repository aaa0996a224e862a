using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Rendering;
using Dograh.Webhooks.Sending;

namespace Dograh.Webhooks.Workflows;

/// <summary>Checks the webhook nodes of one definition before it is saved, and takes the values of secret-looking headers out of it.</summary>
/// <remarks>Nodes of other types are kept as they are. Faults are keyed by JSON pointer, so that an editor can show each at its field.</remarks>
public sealed class DefinitionChecker
{
    // It is part of a unique key, whose entries PostgreSQL limits to some 2,700 bytes.
    private const int MaxIdLength = 255;
    private const int MaxTextLength = 1000;
    private const int MaxUrlLength = 8000;

    private readonly EgressGuard _guard;
    private readonly Dictionary<string, List<string>> _faults = new(StringComparer.Ordinal);
    private readonly List<string> _warnings = [];
    private readonly List<NamedCredential> _credentials = [];
    private readonly List<(int Node, int Header)> _secrets = [];
    private readonly HashSet<string> _ids = new(StringComparer.Ordinal);

    private DefinitionChecker(EgressGuard guard) => _guard = guard;

    /// <summary>Checks a definition.</summary>
    /// <param name="definition">The graph, as its author wrote it.</param>
    /// <param name="pointer">Where it stands in the request, such as <c>/workflow_definition</c>.</param>
    /// <param name="guard">What URLs may be asked.</param>
    public static CheckedDefinition Check(JsonElement definition, string pointer, EgressGuard guard)
    {
        var checker = new DefinitionChecker(guard);
        checker.CheckGraph(definition, pointer);
        var text = checker._secrets.Count == 0 || checker._faults.Count > 0 ? Text(definition) : checker.WithoutSecrets(definition);
        return new CheckedDefinition(
            text, checker._credentials, checker._faults.ToDictionary(fault => fault.Key, fault => fault.Value.ToArray()), checker._warnings);
    }

    private void CheckGraph(JsonElement definition, string pointer)
    {
        if (definition.ValueKind != JsonValueKind.Object)
        {
            Fault(pointer, "must be an object with nodes and edges");
            return;
        }

        RefuseTwice(definition, pointer, "nodes", "edges");
        foreach (var name in (string[])["nodes", "edges"])
        {
            if (!definition.TryGetProperty(name, out var list))
            {
                if (name == "nodes") Fault($"{pointer}/nodes", "is required");
            }
            else if (list.ValueKind != JsonValueKind.Array)
            {
                Fault($"{pointer}/{name}", "must be an array");
            }
        }

        if (!definition.TryGetProperty("nodes", out var nodes) || nodes.ValueKind != JsonValueKind.Array) return;
        var index = 0;
        foreach (var node in nodes.EnumerateArray())
        {
            if (node.ValueKind == JsonValueKind.Object)
            {
                RefuseTwice(node, $"{pointer}/nodes/{index}", "type");
                if (Is(node, "type", WebhookNode.NodeType)) CheckNode(node, $"{pointer}/nodes/{index}", index);
            }

            index++;
        }
    }

    private void CheckNode(JsonElement node, string pointer, int index)
    {
        RefuseTwice(node, pointer, "id", "data");
        if (RequireText(node, "id", pointer, MaxIdLength) is { } id && !_ids.Add(id)) Fault($"{pointer}/id", $"'{id}' is the id of another webhook node");
        if (!node.TryGetProperty("data", out var data) || data.ValueKind != JsonValueKind.Object)
        {
            Fault($"{pointer}/data", "must be an object");
            return;
        }

        pointer += "/data";
        RefuseTwice(
            data, pointer, "name", "enabled", "http_method", "endpoint_url", "credential_uuid", "custom_headers", "payload_template", "retry_config");
        RequireText(data, "name", pointer, MaxTextLength);
        if (Given(data, "enabled") is { } enabled && enabled.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
        {
            Fault($"{pointer}/enabled", "must be true or false");
        }

        if (Given(data, "http_method") is { } method
            && (method.ValueKind != JsonValueKind.String || !WebhookNode.Methods.Contains(method.GetString()!.ToUpperInvariant())))
        {
            Fault($"{pointer}/http_method", $"must be one of {string.Join(", ", WebhookNode.Methods)}");
        }

        var url = RequireText(data, "endpoint_url", pointer, MaxUrlLength);
        if (url is not null) CheckUrl(url, $"{pointer}/endpoint_url");
        if (Given(data, "credential_uuid") is { } credential)
        {
            if (credential.ValueKind == JsonValueKind.String && Guid.TryParse(credential.GetString(), out var uuid))
            {
                // No placeholder can change the scheme.
                _credentials.Add(new NamedCredential($"{pointer}/credential_uuid", uuid, IsSentPlain: url?.StartsWith("http:", StringComparison.OrdinalIgnoreCase) == true));
            }
            else
            {
                Fault($"{pointer}/credential_uuid", "must be a uuid");
            }
        }

        if (Given(data, "custom_headers") is { } headers) CheckHeaders(headers, $"{pointer}/custom_headers", index);
        if (Given(data, "retry_config") is { } retry) CheckRetryConfig(retry, $"{pointer}/retry_config");
    }

    private void CheckUrl(string url, string pointer)
    {
        if (UrlTemplate.Validate(url) is { } fault)
        {
            Fault(pointer, fault);
        }
        else if (Uri.TryCreate(url, UriKind.Absolute, out var parsed) && _guard.FindFault(parsed) is { } refused)
        {
            // A host with a placeholder does not parse, or is no address: it is looked at once it is rendered.
            Fault(pointer, refused);
        }
        else if (!_guard.AllowsHttp && !url.StartsWith("https:", StringComparison.OrdinalIgnoreCase))
        {
            Fault(pointer, "only https URLs can be sent to (Egress:AllowHttp is off)");
        }
    }

    private void CheckHeaders(JsonElement headers, string pointer, int node)
    {
        if (headers.ValueKind != JsonValueKind.Array)
        {
            Fault(pointer, "must be an array of {\"key\", \"value\"}");
            return;
        }

        var index = -1;
        foreach (var header in headers.EnumerateArray())
        {
            index++;
            if (header.ValueKind != JsonValueKind.Object)
            {
                Fault($"{pointer}/{index}", "must be an object with key and value");
                continue;
            }

            RefuseTwice(header, $"{pointer}/{index}", "key", "value");
            var key = Given(header, "key");
            if (key is { ValueKind: not JsonValueKind.String }) Fault($"{pointer}/{index}/key", "must be a string");
            var value = Given(header, "value");
            if (value is { ValueKind: not JsonValueKind.String }) Fault($"{pointer}/{index}/value", "must be a string");
            if (key is not { ValueKind: JsonValueKind.String } || key.Value.GetString() is not { Length: > 0 } name) continue;

            if (!CustomHeaders.IsLegalName(name)) Fault($"{pointer}/{index}/key", $"'{name}' is not a legal header name");
            else if (CustomHeaders.LooksSecret(name)) Secret(name, node, index, hasValue: value is not null);
            else if (ReservedHeaders.Contains(name)) _warnings.Add($"Header '{name}' of node {node} is set by every delivery itself; the custom one is not sent.");

            if (value is { ValueKind: JsonValueKind.String } text && text.GetString()!.Any(char.IsControl))
            {
                Fault($"{pointer}/{index}/value", "must not contain a control character");
            }
        }
    }

    private void Secret(string name, int node, int header, bool hasValue)
    {
        if (hasValue) _secrets.Add((node, header));
        _warnings.Add($"Header '{name}' looks like a secret: its value was not stored and it will not be sent. Use a credential instead.");
    }

    private void CheckRetryConfig(JsonElement config, string pointer)
    {
        if (config.ValueKind != JsonValueKind.Object)
        {
            Fault(pointer, "must be an object");
            return;
        }

        RefuseTwice(config, pointer, "max_attempts", "base_delay_seconds", "max_delay_seconds", "timeout_seconds");
        CheckNumber(config, "max_attempts", pointer, RetryConfigLimits.MinAttempts, RetryConfigLimits.MaxAttempts, whole: true);
        CheckNumber(config, "base_delay_seconds", pointer, 0, RetryConfigLimits.MaxDelaySeconds);
        CheckNumber(config, "max_delay_seconds", pointer, 0, RetryConfigLimits.MaxDelaySeconds);
        CheckNumber(config, "timeout_seconds", pointer, RetryConfigLimits.MinTimeoutSeconds, RetryConfigLimits.MaxTimeoutSeconds);
    }

    private void CheckNumber(JsonElement config, string name, string pointer, double min, double max, bool whole = false)
    {
        if (Given(config, name) is not { } value) return;
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetDouble(out var number) || !(number >= min && number <= max)
            || (whole && number != Math.Floor(number)))
        {
            Fault($"{pointer}/{name}", $"must be a {(whole ? "whole " : "")}number from {min} to {max}");
        }
    }

    private string? RequireText(JsonElement element, string name, string pointer, int maxLength)
    {
        if (Given(element, name) is not { ValueKind: JsonValueKind.String } value || value.GetString()!.Trim().Length == 0)
        {
            Fault($"{pointer}/{name}", "must be a non-empty string");
            return null;
        }

        var text = value.GetString()!;
        if (text.Length > maxLength)
        {
            Fault($"{pointer}/{name}", $"must be at most {maxLength} characters");
        }
        else if (text.Contains('\0', StringComparison.Ordinal))
        {
            Fault($"{pointer}/{name}", "must not contain a NUL character");
        }
        else
        {
            return text;
        }

        return null;
    }

    // Of two members of one name only one would be checked, and both kept.
    private void RefuseTwice(JsonElement element, string pointer, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (element.EnumerateObject().Count(member => member.NameEquals(name)) > 1) Fault($"{pointer}/{name}", "is there twice");
        }
    }

    // Only what leads to a secret is taken apart; everything else is written back as it was.
    private string WithoutSecrets(JsonElement definition)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var writer = new Utf8JsonWriter(buffer, StoredJson))
        {
            WriteObject(writer, definition, "nodes", nodes => WriteArray(writer, nodes, (node, i) =>
                WriteObject(writer, node, "data", data => WriteObject(writer, data, "custom_headers", headers => WriteArray(writer, headers, (header, j) =>
                    WriteObject(writer, header, "value", value => WriteOrNull(writer, value, isSecret: _secrets.Contains((i, j)))))))));
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void WriteObject(Utf8JsonWriter writer, JsonElement element, string name, Action<JsonElement> write)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            WriteOrNull(writer, element, isSecret: false);
            return;
        }

        writer.WriteStartObject();
        foreach (var member in element.EnumerateObject())
        {
            writer.WritePropertyName(member.Name);
            if (member.NameEquals(name)) write(member.Value);
            else WriteOrNull(writer, member.Value, isSecret: false);
        }

        writer.WriteEndObject();
    }

    private static void WriteArray(Utf8JsonWriter writer, JsonElement element, Action<JsonElement, int> write)
    {
        if (element.ValueKind != JsonValueKind.Array)
        {
            WriteOrNull(writer, element, isSecret: false);
            return;
        }

        writer.WriteStartArray();
        var index = 0;
        foreach (var item in element.EnumerateArray()) write(item, index++);
        writer.WriteEndArray();
    }

    private static void WriteOrNull(Utf8JsonWriter writer, JsonElement element, bool isSecret)
    {
        if (isSecret) writer.WriteNullValue();
        else writer.WriteRawValue(element.GetRawText(), skipInputValidation: true);
    }

    private static string Text(JsonElement definition) => definition.ValueKind == JsonValueKind.Undefined ? "null" : definition.GetRawText();

    private static JsonElement? Given(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private static bool Is(JsonElement element, string name, string text) => Given(element, name) is { ValueKind: JsonValueKind.String } value && value.ValueEquals(text);

    private void Fault(string pointer, string fault)
    {
        if (!_faults.TryGetValue(pointer, out var faults)) _faults[pointer] = faults = [];
        faults.Add(fault);
    }

    private static readonly JsonWriterOptions StoredJson = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };
}
