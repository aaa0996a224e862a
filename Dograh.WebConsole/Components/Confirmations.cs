using Microsoft.AspNetCore.Components;
using MudBlazor;

namespace Dograh.WebConsole.Components;

/// <summary>Asking before something that cannot be undone.</summary>
public static class Confirmations
{
    /// <summary>Asks.</summary>
    /// <param name="dialogs">The dialogs.</param>
    /// <param name="title">The question.</param>
    /// <param name="text">What will happen, and to how many.</param>
    /// <param name="action">The verb on the button.</param>
    /// <param name="isDestructive">Whether something is lost.</param>
    /// <returns>Whether to go on.</returns>
    public static async Task<bool> ConfirmAsync(this IDialogService dialogs, string title, string text, string action, bool isDestructive = false)
    {
        RenderFragment body = builder => builder.AddContent(0, text);
        var dialog = await dialogs.ShowAsync<ConfirmDialog>(title, new DialogParameters<ConfirmDialog>
        {
            { x => x.Title, title }, { x => x.Body, body }, { x => x.Action, action }, { x => x.Color, isDestructive ? Color.Error : Color.Primary },
        });
        return await dialog.Result is { Canceled: false };
    }
}
