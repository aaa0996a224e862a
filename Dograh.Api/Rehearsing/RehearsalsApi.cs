using Dograh.Api.Access;
using Dograh.Api.Http;
using Dograh.Webhooks.Organizations;
using Dograh.Webhooks.Rendering;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Dograh.Api.Rehearsing;

/// <summary>Looking at what a workflow would send, saved or not, and trying it.</summary>
internal static class RehearsalsApi
{
    public static void MapRehearsals(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/workflows").WithTags("Workflows").RequireAuthorization(Policies.Organization);
        group.MapPost("/{id:long}/preview", PreviewRun).RequireScope(ApiKeyScope.WorkflowsRead).WithName("PreviewRun")
            .WithSummary("Show what a completion would send, of the saved workflow or a draft; sends and stores nothing").WithMetadata(new NotIdempotent());
        group.MapPost("/preview", PreviewDraft).RequireScope(ApiKeyScope.WorkflowsRead).WithName("PreviewDraft")
            .WithSummary("Show what a workflow that is not saved yet would send; sends and stores nothing").WithMetadata(new NotIdempotent());
        group.MapPost("/{id:long}/test", WorkflowTest.TestWorkflow).RequireScope(ApiKeyScope.CredentialsWrite).WithName("TestWorkflow")
            .WithSummary("Send one webhook node's request as a delivery would be sent, and say what came back").WithMetadata(new NotIdempotent());
        group.MapPost("/test", WorkflowTest.TestDraft).RequireScope(ApiKeyScope.CredentialsWrite).WithName("TestDraft")
            .WithSummary("Send one webhook node's request of a workflow that is not saved yet, and say what came back").WithMetadata(new NotIdempotent());
        group.MapGet("/{id:long}/context-variables", WorkflowVariables.OfWorkflow).RequireScope(ApiKeyScope.RunsRead).WithName("ListContextVariables")
            .WithSummary("List the names that templates may use, with values that the latest runs had");
        group.MapGet("/context-variables", WorkflowVariables.OfAny).RequireScope(ApiKeyScope.WorkflowsRead).WithName("ListBuiltInVariables")
            .WithSummary("List the names that the templates of every workflow may use");
    }

    private static Task<Ok<PreviewView>> PreviewRun(
        Caller caller, long id, JsonBody<RehearsalRequest> body, Rehearsal rehearsal, RunPreview preview, CancellationToken cancellationToken) =>
        PreviewAsync(caller, id, body.Value, rehearsal, preview, cancellationToken);

    private static Task<Ok<PreviewView>> PreviewDraft(
        Caller caller, JsonBody<RehearsalRequest> body, Rehearsal rehearsal, RunPreview preview, CancellationToken cancellationToken) =>
        PreviewAsync(caller, id: null, body.Value, rehearsal, preview, cancellationToken);

    private static async Task<Ok<PreviewView>> PreviewAsync(
        Caller caller, long? id, RehearsalRequest request, Rehearsal rehearsal, RunPreview preview, CancellationToken cancellationToken)
    {
        var faults = new Faults();
        var rehearsed = await rehearsal.PrepareAsync(caller, id, request, faults, cancellationToken);
        faults.ThrowIfAny();

        var shown = await preview.ShowAsync(caller, rehearsed, cancellationToken);
        return TypedResults.Ok(new PreviewView(request.IsOfDraftOrRun
            ? [.. shown.Zip(rehearsed.Nodes, (view, node) => view with { MissingVariables = MissingVariables.Of(node, rehearsed.Context) })]
            : shown));
    }
}
