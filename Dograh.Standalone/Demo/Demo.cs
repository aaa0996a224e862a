using System.Diagnostics;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Dograh.Standalone;

/// <summary>
/// Shows what the stack is for: a run is completed, its webhook is refused twice, tried again, and arrives. It uses
/// the public API as any client would.
/// </summary>
internal sealed class Demo(DataFolder folder, Terminal terminal) : IAsyncDisposable
{
    /// <summary>The name of the demo's organization.</summary>
    public const string OrganizationName = "Demo";

    private DemoReceiver? _receiver;

    /// <summary>The demo organization's key, once there is one.</summary>
    public string? ApiKey { get; private set; }

    /// <summary>Runs the demo. A failure is told, and is no reason to stop the stack.</summary>
    public async Task RunAsync(LocalStack stack, CancellationToken cancellationToken)
    {
        try
        {
            terminal.Heading("Demo: a webhook whose receiver fails twice");
            var kept = DemoState.Read(folder.DemoState);
            _receiver = await DemoReceiver.StartAsync(kept?.ReceiverPort, terminal, cancellationToken);
            var state = await PrepareAsync(stack, kept, _receiver, cancellationToken);
            ApiKey = state.ApiKey;
            using var api = new PublicApi(stack.Url, state.ApiKey);
            await new DemoDelivery(api, terminal).FollowAsync(state.WorkflowId!, cancellationToken);
        }
        catch (StandaloneException e)
        {
            terminal.Warn($"The demo did not succeed: {e.Message}");
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The user has seen enough.
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_receiver is not null)
        {
            await _receiver.DisposeAsync();
        }
    }

    /// <summary>Makes what is missing: all of it the first time, or with another database than the last time.</summary>
    private async Task<DemoState> PrepareAsync(LocalStack stack, DemoState? kept, DemoReceiver target, CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        var state = kept is not null && await StillExistsAsync(stack, kept, cancellationToken) ? kept : null;
        if (state is null)
        {
            using var admin = new PublicApi(stack.Url, stack.AdminKey);
            var organization = await admin.DemandAsync(HttpMethod.Post, "organizations", new JsonObject { ["name"] = OrganizationName }, cancellationToken);
            state = new DemoState(organization.GetProperty("api_key").GetString()!).Save(folder.DemoState);
        }

        if (state.WorkflowId is null || state.ReceiverPort != target.Port)
        {
            using var api = new PublicApi(stack.Url, state.ApiKey);
            state = await SaveWorkflowAsync(api, state, target, cancellationToken);
        }

        terminal.Done("organization", $"\"{OrganizationName}\", workflow {state.WorkflowId}, receiver {target.Url}", watch.Elapsed);
        return state;
    }

    private static async Task<bool> StillExistsAsync(LocalStack stack, DemoState kept, CancellationToken cancellationToken)
    {
        using var api = new PublicApi(stack.Url, kept.ApiKey);
        var path = kept.WorkflowId is null ? "workflows" : $"workflows/{kept.WorkflowId}";
        var (status, _) = await api.CallAsync(HttpMethod.Get, path, null, cancellationToken);
        return status == HttpStatusCode.OK;
    }

    private async Task<DemoState> SaveWorkflowAsync(PublicApi api, DemoState state, DemoReceiver target, CancellationToken cancellationToken)
    {
        if (state.CredentialUuid is null)
        {
            var credential = await api.DemandAsync(HttpMethod.Post, "credentials", DemoContent.Credential(), cancellationToken);
            state = (state with { CredentialUuid = credential.GetProperty("uuid").GetString() }).Save(folder.DemoState);
        }

        var content = DemoContent.Workflow(target.Url, state.CredentialUuid!);
        var workflow = state.WorkflowId is null
            ? await api.DemandAsync(HttpMethod.Post, "workflows", content, cancellationToken)
            : await api.DemandAsync(HttpMethod.Put, $"workflows/{state.WorkflowId}", content, cancellationToken);
        return (state with { WorkflowId = IdOf(workflow), ReceiverPort = target.Port }).Save(folder.DemoState);
    }

    /// <summary>Ids are numbers or texts, and nothing here depends on which.</summary>
    private static string IdOf(JsonElement answer) => answer.GetProperty("id").ToString();
}
