namespace Dograh.Webhooks.Workflows;

/// <summary>What came of checking a definition before it is saved.</summary>
/// <param name="Definition">The JSON text to store: as written, but for the values of secret-looking headers.</param>
/// <param name="CredentialUuids">The credentials that its nodes name, with the JSON pointer of each, still to be looked for.</param>
/// <param name="Faults">What forbids saving it, by JSON pointer.</param>
/// <param name="Warnings">What its owner should know.</param>
public sealed record CheckedDefinition(
    string Definition, IReadOnlyList<(string Pointer, Guid Uuid)> CredentialUuids, IReadOnlyDictionary<string, string[]> Faults,
    IReadOnlyList<string> Warnings);
