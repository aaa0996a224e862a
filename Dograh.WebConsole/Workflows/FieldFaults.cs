namespace Dograh.WebConsole.Workflows;

/// <summary>What is wrong with a draft, by JSON pointer, as its fields show it.</summary>
/// <param name="faults">As the API tells them.</param>
public sealed class FieldFaults(IReadOnlyDictionary<string, IReadOnlyList<string>> faults)
{
    /// <summary>Nothing is wrong.</summary>
    public static FieldFaults None { get; } = new(new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal));

    /// <summary>All of them, in the order of the fields.</summary>
    public IReadOnlyList<(string Pointer, string Text)> All { get; } = [.. faults.SelectMany(fault => fault.Value.Select(text => (fault.Key, text)))];

    /// <summary>Those of a field.</summary>
    public IReadOnlyList<string> At(string pointer) => faults.GetValueOrDefault(pointer) ?? [];

    /// <summary>A field's id in the page.</summary>
    public static string IdOf(string pointer) => "field" + pointer.Replace("/workflow_definition", "", StringComparison.Ordinal).Replace('/', '-');
}
