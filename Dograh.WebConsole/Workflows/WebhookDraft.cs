using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Dograh.WebConsole.Workflows;

/// <summary>A webhook node while it is edited: its fields as texts, as they stand in a form.</summary>
public sealed class WebhookDraft
{
    /// <summary>The methods that a node may use.</summary>
    public static readonly IReadOnlyList<string> Methods = ["POST", "PUT", "PATCH", "GET", "DELETE"];

    private readonly JsonObject _source;
    private readonly WebhookDraft? _before;

    private WebhookDraft(JsonObject source, bool isSaved)
    {
        _source = source;
        IsSaved = isSaved;
        var data = source["data"] as JsonObject;
        var retry = data?["retry_config"] as JsonObject;
        Id = Text(source["id"]);
        Name = Text(data?["name"]);
        IsEnabled = data?["enabled"] is not JsonValue enabled || !enabled.TryGetValue<bool>(out var isEnabled) || isEnabled;
        Method = Text(data?["http_method"]) is { Length: > 0 } method ? method.ToUpperInvariant() : Methods[0];
        Url = Text(data?["endpoint_url"]);
        Credential = Text(data?["credential_uuid"]);
        Headers = (data?["custom_headers"] as JsonArray)?.OfType<JsonObject>().Select(header => new HeaderDraft(header)).ToList() ?? [];
        Template = data?["payload_template"] is { } template ? JsonSerializer.Serialize(template, DefinitionDraft.Readable) : "";
        MaxAttempts = Text(retry?["max_attempts"]);
        BaseDelaySeconds = Text(retry?["base_delay_seconds"]);
        MaxDelaySeconds = Text(retry?["max_delay_seconds"]);
        TimeoutSeconds = Text(retry?["timeout_seconds"]);
    }

    private WebhookDraft(JsonObject source, WebhookDraft before) : this(source, isSaved: true) => _before = before;

    /// <summary>Whether it was saved before: what refers to it by its id still does.</summary>
    public bool IsSaved { get; }

    public string Id { get; set; }

    public string Name { get; set; }

    public bool IsEnabled { get; set; }

    public string Method { get; set; }

    public string Url { get; set; }

    /// <summary>The credential's uuid; empty for none.</summary>
    public string Credential { get; set; }

    public List<HeaderDraft> Headers { get; }

    /// <summary>The payload's template as JSON text; empty for none.</summary>
    public string Template { get; set; }

    public string MaxAttempts { get; set; }

    public string BaseDelaySeconds { get; set; }

    public string MaxDelaySeconds { get; set; }

    public string TimeoutSeconds { get; set; }

    /// <summary>What keeps the template from being JSON, and in which line; null if nothing does.</summary>
    public JsonFault? TemplateFault => JsonFault.Find(Template);

    internal static WebhookDraft Read(JsonObject node) => new(node, new WebhookDraft(node, isSaved: true));

    internal static WebhookDraft New(string id) => new(
        new JsonObject { ["id"] = id, ["type"] = "webhook", ["data"] = new JsonObject { ["name"] = "", ["endpoint_url"] = "" } }, isSaved: false);

    /// <summary>The node as it is now: as it came, but for what was changed.</summary>
    /// <exception cref="JsonException">The template is no JSON.</exception>
    internal JsonObject Build()
    {
        var node = (JsonObject)_source.DeepClone();
        if (node["data"] is not JsonObject data) node["data"] = data = [];
        Set(node, "id", Id, _before?.Id);
        Set(data, "name", Name, _before?.Name);
        if (IsEnabled != (_before?.IsEnabled ?? true)) data["enabled"] = IsEnabled;
        if (Method != (_before?.Method ?? Methods[0])) data["http_method"] = Method;
        Set(data, "endpoint_url", Url, _before?.Url);
        SetOrRemove(data, "credential_uuid", Credential, _before?.Credential, text => text);
        BuildHeaders(data);
        SetOrRemove(data, "payload_template", Template, _before?.Template, text => JsonNode.Parse(text));
        BuildRetry(data);
        return node;
    }

    private void BuildHeaders(JsonObject data)
    {
        if (Headers.Count == (_before?.Headers.Count ?? 0) && Headers.All(header => !header.IsChanged)) return;
        if (Headers.Count == 0) data.Remove("custom_headers");
        else data["custom_headers"] = new JsonArray([.. Headers.Select(header => header.Build())]);
    }

    private void BuildRetry(JsonObject data)
    {
        var had = data["retry_config"] is JsonObject;
        var retry = data["retry_config"] as JsonObject ?? [];
        SetOrRemove(retry, "max_attempts", MaxAttempts, _before?.MaxAttempts, Number);
        SetOrRemove(retry, "base_delay_seconds", BaseDelaySeconds, _before?.BaseDelaySeconds, Number);
        SetOrRemove(retry, "max_delay_seconds", MaxDelaySeconds, _before?.MaxDelaySeconds, Number);
        SetOrRemove(retry, "timeout_seconds", TimeoutSeconds, _before?.TimeoutSeconds, Number);
        if (!had && retry.Count > 0) data["retry_config"] = retry;
    }

    // What is no number goes as the text that it is, for the API to say what is wrong with it.
    private static JsonNode? Number(string text) =>
        decimal.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) ? JsonValue.Create(number) : text;

    private static void Set(JsonObject owner, string name, string text, string? before)
    {
        if (text != before) owner[name] = text;
    }

    private static void SetOrRemove(JsonObject owner, string name, string text, string? before, Func<string, JsonNode?> value)
    {
        if (text == (before ?? "")) return;
        if (string.IsNullOrWhiteSpace(text)) owner.Remove(name);
        else owner[name] = value(text.Trim());
    }

    internal static string Text(JsonNode? node) => node switch
    {
        null => "",
        JsonValue value when value.TryGetValue<string>(out var text) => text,
        _ => node.ToJsonString(),
    };
}

/// <summary>A custom header while it is edited.</summary>
public sealed class HeaderDraft
{
    private readonly JsonObject? _source;
    private readonly (string Key, string Value) _before;

    internal HeaderDraft(JsonObject? source)
    {
        _source = source;
        _before = (Key, Value) = (WebhookDraft.Text(source?["key"]), WebhookDraft.Text(source?["value"]));
    }

    /// <summary>A header that was not there before.</summary>
    public HeaderDraft() : this(source: null)
    {
    }

    public string Key { get; set; }

    public string Value { get; set; }

    internal bool IsChanged => _source is null || (Key, Value) != _before;

    internal JsonObject Build()
    {
        var header = (JsonObject?)_source?.DeepClone() ?? [];
        if (_source is null || Key != _before.Key) header["key"] = Key;
        if (_source is null || Value != _before.Value) header["value"] = Value;
        return header;
    }
}
