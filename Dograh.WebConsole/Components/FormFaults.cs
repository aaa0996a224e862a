using Dograh.Client;

namespace Dograh.WebConsole.Components;

/// <summary>What is wrong with what somebody has filled in: by field where the API says so, or all in all.</summary>
public sealed class FormFaults
{
    private Dictionary<string, IReadOnlyList<string>> _byField = new(StringComparer.Ordinal);

    /// <summary>A fault that is no field's; null if there is none.</summary>
    public ApiFault? Other { get; private set; }

    /// <summary>The fields that have faults, as the API names them.</summary>
    public IEnumerable<string> Fields => _byField.Keys;

    /// <summary>A field's faults.</summary>
    /// <param name="field">As the API names it.</param>
    public IReadOnlyList<string> Of(string field) => _byField.GetValueOrDefault(field) ?? [];

    /// <summary>Forgets all faults.</summary>
    public void Clear()
    {
        _byField = new(StringComparer.Ordinal);
        Other = null;
    }

    /// <summary>Adds a fault that shows before anything is sent.</summary>
    public void Add(string field, string fault) => _byField[field] = [.. Of(field), fault];

    /// <summary>Calls the API, and keeps its faults in place of those before.</summary>
    /// <returns>Whether the call succeeded.</returns>
    public async Task<bool> TryAsync(Func<Task> call)
    {
        Clear();
        try
        {
            await call();
            return true;
        }
        catch (DograhApiException e) when (e.Errors.Count > 0)
        {
            _byField = new(e.Errors, StringComparer.Ordinal);
            return false;
        }
        catch (Exception e) when (ApiFault.IsOne(e))
        {
            Other = ApiFault.Of(e);
            return false;
        }
    }
}
