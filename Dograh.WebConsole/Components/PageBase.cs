using Dograh.Client;
using Dograh.WebConsole.Session;
using Microsoft.AspNetCore.Components;

namespace Dograh.WebConsole.Components;

/// <summary>What every page has: the API with the key of whoever has signed in, what they may do, and the fault of the last call.</summary>
public abstract class PageBase : ComponentBase, IDisposable
{
    private readonly CancellationTokenSource _left = new();

    /// <summary>The public API.</summary>
    [Inject] protected DograhClient Api { get; set; } = null!;

    /// <summary>Where we are.</summary>
    [Inject] protected NavigationManager Navigation { get; set; } = null!;

    /// <summary>Who has signed in.</summary>
    [CascadingParameter] protected ConsoleSession Session { get; set; } = null!;

    /// <summary>Why the last call of <see cref="CallAsync"/> failed; null after one that did not.</summary>
    protected ApiFault? Fault { get; private set; }

    /// <summary>Cancelled when the page is left.</summary>
    protected CancellationToken Left => _left.Token;

    /// <summary>Calls the API. Its faults become <see cref="Fault"/>; those of a page itself are thrown.</summary>
    /// <returns>Whether the call succeeded.</returns>
    protected async Task<bool> CallAsync(Func<CancellationToken, Task> call)
    {
        try
        {
            await call(Left);
            Fault = null;
            return true;
        }
        catch (Exception e) when (ApiFault.IsOne(e))
        {
            Fault = ApiFault.Of(e);
            return false;
        }
        catch (OperationCanceledException) when (Left.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        GC.SuppressFinalize(this);
        _left.Cancel();
        Dispose(disposing: true);
        _left.Dispose();
    }

    /// <summary>Lets go of what a page holds besides.</summary>
    protected virtual void Dispose(bool disposing)
    {
    }
}
