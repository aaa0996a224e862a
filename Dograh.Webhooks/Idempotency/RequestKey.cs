namespace Dograh.Webhooks.Idempotency;

/// <summary>An <c>Idempotency-Key</c> with what it is bound to.</summary>
/// <param name="OrganizationId">Whose key it is.</param>
/// <param name="Path">The path of the request.</param>
/// <param name="Key">The client's key.</param>
/// <param name="RequestHash">The hash of the request's body: another body under the same key is a conflict.</param>
public sealed record RequestKey(long OrganizationId, string Path, string Key, byte[] RequestHash)
{
    /// <summary>What no two requests of different meaning share: the row's key.</summary>
    public (long OrganizationId, string Path, string Key) Identity => (OrganizationId, Path, Key);
}
