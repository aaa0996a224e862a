namespace Dograh.Webhooks.Workflows;

/// <summary>What came of checking a definition before it is saved.</summary>
/// <param name="Definition">The JSON text to store: as written, but for the values of secret-looking headers.</param>
/// <param name="Credentials">The credentials that its nodes name, still to be looked for.</param>
/// <param name="Faults">What forbids saving it, by JSON pointer.</param>
/// <param name="Warnings">What its owner should know.</param>
public sealed record CheckedDefinition(
    string Definition, IReadOnlyList<NamedCredential> Credentials, IReadOnlyDictionary<string, string[]> Faults,
    IReadOnlyList<string> Warnings);

/// <summary>A credential that a node names.</summary>
/// <param name="Pointer">The JSON pointer to where it does.</param>
/// <param name="Uuid">The credential.</param>
/// <param name="IsSentPlain">Whether the node sends without TLS, where no certificate can be shown.</param>
public sealed record NamedCredential(string Pointer, Guid Uuid, bool IsSentPlain);
