using System.Text.Json;
using Dograh.Client;
using Dograh.WebConsole.Components;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Routing;
using Microsoft.JSInterop;

namespace Dograh.WebConsole.Workflows;

/// <summary>One workflow: its webhook nodes in forms, what they would send, and its runs.</summary>
public sealed partial class WorkflowPage : PageBase, IAsyncDisposable
{
    private const int RunsShown = 10;

    // What is larger is rather fetched twice than carried through the page.
    private const int MaxPersisted = 100_000;

    private Workflow? _workflow;
    private DefinitionDraft? _draft;
    private WebhookDraft? _chosen;
    private string _name = "";
    private string _savedName = "";
    private string _savedText = "";
    private string? _unreadable;
    private int _revision;
    private bool _isSaving;
    private bool _hasRefused;
    private Workflow? _newer;
    private FieldFaults _faults = FieldFaults.None;
    private IReadOnlyList<Credential> _credentials = [];
    private IReadOnlyList<ContextVariable> _variables = [];
    private List<RunSummary> _runs = [];
    private string? _moreRuns;
    private ElementReference _root;
    private IJSObjectReference? _templates;
    private string? _focusNext;
    private bool _isAttached;

    /// <summary>The workflow; null for one that is to be made.</summary>
    [Parameter] public long? Id { get; set; }

    /// <summary>What was fetched for the first answer, so that it is not fetched again.</summary>
    [PersistentState] public Loaded? First { get; set; }

    /// <summary>What whoever saves the draft should know; kept for the same reason.</summary>
    [PersistentState] public IReadOnlyList<string>? Warnings { get; set; }

    private bool MayWrite => Session.May("workflows:write");

    private bool IsLoaded => _draft is not null && Id == _workflow?.Id;

    private bool IsChanged { get; set; }

    /// <inheritdoc/>
    protected override async Task OnParametersSetAsync()
    {
        if (IsLoaded) return;
        if (First is { } first && first.Workflow?.Id == Id)
        {
            Take(first);
            First = null;
        }
        else
        {
            await LoadAsync();
        }
    }

    /// <inheritdoc/>
    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        try
        {
            await PrepareFieldsAsync(firstRender);
        }
        catch (Exception e) when (e is JSDisconnectedException or OperationCanceledException)
        {
            // The page is left, or its browser gone.
        }
    }

    private async Task PrepareFieldsAsync(bool firstRender)
    {
        if (firstRender) _templates = await Js.InvokeAsync<IJSObjectReference>("import", Left, $"./{Assets["_content/Dograh.WebConsole/templates.js"]}");
        if (_templates is null || _draft is null) return;
        if (!_isAttached)
        {
            _isAttached = true;
            await _templates.InvokeVoidAsync("attach", Left, _root, _variables);
        }

        if (_focusNext is { } id)
        {
            _focusNext = null;
            await _templates.InvokeVoidAsync("focus", Left, id);
        }
    }

    /// <inheritdoc/>
    async ValueTask IAsyncDisposable.DisposeAsync()
    {
        Dispose();
        try
        {
            if (_templates is not null) await _templates.DisposeAsync();
        }
        catch (JSDisconnectedException)
        {
            // Its browser is gone, and the module with it.
        }
    }

    private Task LoadAsync() => CallAsync(async cancellationToken =>
    {
        var asked = Id;
        var workflow = asked is { } id ? await Api.Workflows.GetAsync(id, cancellationToken) : null;
        var runs = workflow is not null && Session.May("runs:read") ? await Api.Runs.ListAsync(workflow.Id, RunsShown, cancellationToken: cancellationToken) : new Page<RunSummary>([], null);
        var variables = await Api.Workflows.GetVariablesAsync(workflow is not null && Session.May("runs:read") ? workflow.Id : null, cancellationToken);
        var credentials = Session.May("credentials:read") ? await Api.Credentials.AllAsync(cancellationToken).ToListAsync(cancellationToken) : [];
        // The layout may set the page again while it loads, and so have it loaded twice: the later answer must not put a fresh draft under what somebody edits already.
        if (Id != asked || IsLoaded) return;
        var loaded = new Loaded(workflow, [.. runs.Items], runs.NextCursor, [.. variables.Variables], credentials);
        Take(loaded);
        if (workflow?.WorkflowDefinition.GetRawText().Length is null or < MaxPersisted) First = loaded;
    });

    private void Take(Loaded loaded)
    {
        (_runs, _moreRuns, _variables, _credentials) = ([.. loaded.Runs], loaded.MoreRuns, loaded.Variables, loaded.Credentials);
        _isAttached = false;
        Edit(loaded.Workflow);
    }

    private void Edit(Workflow? workflow)
    {
        var chosen = _chosen?.Id;
        try
        {
            _draft = workflow is null ? DefinitionDraft.New() : new DefinitionDraft(workflow.WorkflowDefinition);
            if (workflow is null) _draft.Add();
            _unreadable = null;
        }
        catch (FormatException e)
        {
            (_draft, _unreadable) = (null, e.Message);
        }

        _workflow = workflow;
        _name = _savedName = workflow?.Name ?? "";
        _savedText = _draft?.BuildText() ?? "";
        _chosen = _draft?.Webhooks.FirstOrDefault(webhook => webhook.Id == chosen) ?? FirstOf(_draft);
        (_newer, _faults, _hasRefused, IsChanged) = (null, FieldFaults.None, false, false);
        _revision++;
    }

    private void ChangeName(string? name)
    {
        _name = name ?? "";
        Change();
    }

    private void Change()
    {
        _revision++;
        IsChanged = _name != _savedName || TextNow() != _savedText;
    }

    // What cannot be written is not what was saved.
    private string? TextNow()
    {
        try
        {
            return _draft?.BuildText();
        }
        catch (JsonException)
        {
            return null;
        }
    }

    // Once somebody has tried to save it, the faults go as they are mended, and come as they are made.
    private void TakeValidation(Validation validation)
    {
        Warnings = validation.Warnings;
        if (_hasRefused) _faults = new FieldFaults(validation.Errors);
    }

    private void Add()
    {
        _chosen = _draft!.Add();
        Change();
        _focusNext = FieldFaults.IdOf($"{_draft.PointerOf(_chosen)}/data/name");
    }

    private async Task RemoveAsync(WebhookDraft webhook)
    {
        var name = webhook.Name.Length > 0 ? webhook.Name : webhook.Id;
        if (!await Dialogs.ConfirmAsync($"Remove “{name}”?", "The node goes with the next save, and the edges that lead to it. Deliveries that exist are sent all the same.", "Remove node", isDestructive: true)) return;
        _draft!.Remove(webhook);
        _chosen = FirstOf(_draft);
        Change();
    }

    private async Task SaveAsync(int? onVersion)
    {
        if (_draft is null || _isSaving) return;
        if (_draft.Webhooks.FirstOrDefault(webhook => webhook.TemplateFault is not null) is { } unread)
        {
            _chosen = unread;
            _focusNext = FieldFaults.IdOf($"{_draft.PointerOf(unread)}/data/payload_template");
            return;
        }

        _isSaving = true;
        try
        {
            var request = new WorkflowRequest(_name, _draft.Build());
            var saved = _workflow is null ? await Api.Workflows.CreateAsync(request, cancellationToken: Left) : await Api.Workflows.UpdateAsync(_workflow.Id, request, onVersion!.Value, Left);
            var isNew = _workflow is null;
            Edit(saved);
            Warnings = saved.Warnings;
            if (isNew) Navigation.NavigateTo($"/workflows/{saved.Id}", replace: true);
        }
        catch (DograhApiException refused) when (refused is { Status: 422, Errors.Count: > 0 })
        {
            (_faults, _hasRefused) = (new FieldFaults(refused.Errors), true);
            ShowFault(refused.Errors.Keys.First());
        }
        catch (DograhApiException refused) when (refused.Status == 412)
        {
            await CallAsync(async cancellationToken => _newer = await Api.Workflows.GetAsync(_workflow!.Id, cancellationToken));
            _focusNext = "conflict";
        }
        catch (Exception e) when (ApiFault.IsOne(e))
        {
            await CallAsync(_ => Task.FromException(e));
        }
        finally
        {
            _isSaving = false;
        }
    }

    private void TakeTheirs() => Edit(_newer);

    private void ShowFault(string pointer)
    {
        if (_draft!.Find(pointer) is { } webhook) _chosen = webhook;
        _focusNext = FieldFaults.IdOf(pointer);
    }

    private async Task ShowLineAsync((string Id, int Line) place)
    {
        if (_templates is not null) await _templates.InvokeVoidAsync("showLine", Left, place.Id, place.Line);
    }

    private async Task AskBeforeLeavingAsync(LocationChangingContext leaving)
    {
        if (IsChanged && !await Dialogs.ConfirmAsync("Leave without saving?", "Your changes to this workflow are lost if you do.", "Leave", isDestructive: true)) leaving.PreventNavigation();
    }

    private Task LoadMoreRunsAsync() => CallAsync(async cancellationToken =>
    {
        var page = await Api.Runs.ListAsync(_workflow!.Id, RunsShown, _moreRuns, cancellationToken);
        _runs = [.. _runs, .. page.Items];
        _moreRuns = page.NextCursor;
    });

    private static WebhookDraft? FirstOf(DefinitionDraft? draft) => draft is { Webhooks: [var first, ..] } ? first : null;

    private bool HasFaults(WebhookDraft webhook) => webhook.TemplateFault is not null || _faults.All.Any(fault => _draft!.Find(fault.Pointer) == webhook);

    private string Describe(string pointer)
    {
        var field = pointer.Split('/')[^1].Replace('_', ' ');
        if (pointer.Split('/') is [.., "custom_headers", var index, _] && int.TryParse(index, out var at)) field = $"header {at + 1}, {field}";
        return _draft!.Find(pointer) is { } webhook ? $"{(webhook.Name.Length > 0 ? webhook.Name : webhook.Id)}, {field}" : field;
    }

    /// <summary>What a page begins with.</summary>
    public sealed record Loaded(
        Workflow? Workflow, IReadOnlyList<RunSummary> Runs, string? MoreRuns, IReadOnlyList<ContextVariable> Variables, IReadOnlyList<Credential> Credentials);
}
