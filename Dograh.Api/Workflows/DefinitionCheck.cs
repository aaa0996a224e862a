using System.Text.Json;
using Dograh.Api.Access;
using Dograh.Api.Http;
using Dograh.Webhooks.Credentials;
using Dograh.Webhooks.Data;
using Dograh.Webhooks.Quotas;
using Dograh.Webhooks.Sending;
using Dograh.Webhooks.Workflows;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Dograh.Api.Workflows;

/// <summary>Holds a definition against all that saving it asks: its own shape, the organization's credentials and its quota.</summary>
internal sealed class DefinitionCheck(TenantDbContext database, EgressGuard guard, IOptions<QuotaOptions> quotas)
{
    private const string Pointer = "/workflow_definition";

    /// <summary>Checks a definition that came as a body's <c>workflow_definition</c>.</summary>
    /// <param name="caller">Whose it is.</param>
    /// <param name="definition">The definition.</param>
    /// <param name="faults">Where its faults go, by JSON pointer.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task<CheckedDefinition> CheckAsync(Caller caller, JsonElement definition, Faults faults, CancellationToken cancellationToken)
    {
        var found = DefinitionChecker.Check(definition, Pointer, guard);
        faults.Add(found.Faults);

        var named = found.Credentials.Select(credential => credential.Uuid).ToList();
        var known = await database.ExternalCredentials
            .Where(x => x.OrganizationId == caller.OrganizationId && x.IsActive && named.Contains(x.Uuid))
            .Select(x => new { x.Uuid, x.CredentialType }).ToDictionaryAsync(x => x.Uuid, x => x.CredentialType, cancellationToken);
        foreach (var (pointer, uuid, isSentPlain) in found.Credentials)
        {
            if (!known.TryGetValue(uuid, out var type)) faults.Add(pointer, $"there is no credential {uuid:D}");
            else if (type == CredentialType.Mtls && isSentPlain) faults.Add(pointer, DeliverySender.NoCertificate);
        }

        var own = await database.OrganizationQuotas.AsNoTracking().SingleOrDefaultAsync(x => x.OrganizationId == caller.OrganizationId, cancellationToken);
        if (QuotaLimits.Of(own, quotas.Value).WebhookNodes is > 0 and var most && CountWebhooks(definition) is var count && count > most)
        {
            faults.Add($"{Pointer}/nodes", $"must hold at most {most} webhook nodes (the organization's quota {QuotaMeter.WebhookNodes}), and holds {count}");
        }

        return found;
    }

    private static int CountWebhooks(JsonElement definition) =>
        definition.ValueKind == JsonValueKind.Object && definition.TryGetProperty("nodes", out var nodes) && nodes.ValueKind == JsonValueKind.Array
            ? nodes.EnumerateArray().Count(node => node.ValueKind == JsonValueKind.Object && node.TryGetProperty("type", out var type)
                && type.ValueKind == JsonValueKind.String && type.ValueEquals(WebhookNode.NodeType))
            : 0;
}
