namespace Dograh.WebConsole.Keys;

/// <summary>What keys may be allowed, in words. A test holds it to the API's own list.</summary>
internal static class KeyScopes
{
    /// <summary>Every scope, in the order in which the API has them.</summary>
    public static IReadOnlyList<(string Scope, string Meaning)> All { get; } =
    [
        ("runs:write", "start, complete and take in runs"),
        ("runs:read", "look at runs"),
        ("workflows:read", "look at workflows, and at what they would send"),
        ("workflows:write", "save workflows"),
        ("deliveries:read", "look at deliveries and their figures"),
        ("deliveries:write", "replay and cancel deliveries"),
        ("credentials:read", "look at credentials, never at their data"),
        ("credentials:write", "store, change, test and delete credentials"),
        ("signing:read", "look at signing secrets, masked"),
        ("signing:write", "add, rotate, expire and reveal signing secrets"),
        ("keys:read", "look at API keys, never at the keys themselves"),
        ("keys:write", "make keys that may do no more than itself, and delete any"),
        ("bins:read", "look at request bins and at what they got"),
        ("bins:write", "make, tell, empty and delete request bins"),
        ("audit:read", "read the audit log"),
    ];

    /// <summary>A key's scopes in a line.</summary>
    public static string Describe(IReadOnlyList<string>? scopes) =>
        scopes is null || All.All(scope => scopes.Contains(scope.Scope)) ? "everything" : string.Join(", ", scopes);
}
