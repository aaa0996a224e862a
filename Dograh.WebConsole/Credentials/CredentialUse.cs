using System.Text.Json;
using Dograh.Client;
using Dograh.WebConsole.Components;

namespace Dograh.WebConsole.Credentials;

/// <summary>Which webhook nodes name a credential.</summary>
internal static class CredentialUse
{
    /// <summary>Looks through the current versions of all workflows.</summary>
    /// <returns>Each node as <c>After the call › Tell the CRM</c>.</returns>
    public static async Task<IReadOnlyList<string>> FindAsync(DograhClient api, Guid credential, CancellationToken cancellationToken)
    {
        var used = new List<string>();
        await foreach (var workflow in api.Workflows.AllAsync(cancellationToken))
        {
            used.AddRange(WebhookNodes.Of(workflow).Where(node => Names(node.Data, credential)).Select(node => $"{workflow.Name} › {node.Name}"));
        }

        return used;
    }

    private static bool Names(JsonElement data, Guid credential) =>
        data.TryGetProperty("credential_uuid", out var named) && named.ValueKind == JsonValueKind.String && Guid.TryParse(named.GetString(), out var uuid) && uuid == credential;
}
