using System.Text.Encodings.Web;
using System.Text.Json;
using Dograh.Client;

namespace Dograh.WebConsole.Audit;

/// <summary>What is on record, in words.</summary>
internal static class AuditWords
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Every action, as the API names it, with what it says to people. A test holds it to the API's own list.</summary>
    public static IReadOnlyDictionary<string, string> Actions { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["organization.created"] = "organization created",
        ["quotas.updated"] = "quotas set",
        ["api_key.created"] = "API key created",
        ["api_key.deleted"] = "API key deleted",
        ["credential.created"] = "credential stored",
        ["credential.updated"] = "credential changed",
        ["credential.deleted"] = "credential deleted",
        ["credential.tested"] = "credential tested",
        ["signing_secret.created"] = "signing secret added",
        ["signing_secret.rotated"] = "signing secret rotated",
        ["signing_secret.revealed"] = "signing secret revealed",
        ["signing_secret.expired"] = "signing secret expired",
        ["workflow.created"] = "workflow saved first",
        ["workflow.updated"] = "workflow saved again",
        ["workflow.tested"] = "workflow tested",
        ["delivery.replayed"] = "delivery replayed",
        ["deliveries.cancelled"] = "deliveries cancelled",
        ["deliveries.replayed"] = "deliveries replayed",
        ["delivery.cancelled"] = "delivery cancelled",
        ["bin.created"] = "request bin created",
        ["bin.updated"] = "request bin told otherwise",
        ["bin.cleared"] = "request bin cleared",
        ["bin.deleted"] = "request bin deleted",
    };

    /// <summary>An action; one that this console does not know keeps the API's name.</summary>
    public static string Describe(string action) => Actions.GetValueOrDefault(action, action);

    /// <summary>What else is on record of an event.</summary>
    public static string Details(AuditEvent it) => JsonSerializer.Serialize(new { it.Id, it.Action, Key = it.Actor.KeyId, it.ResourceId, it.TraceId, it.Details }, Indented);
}
