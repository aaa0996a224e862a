namespace Dograh.Api.Access;

/// <summary>An API key that was found to work: what does not change about it while it does.</summary>
/// <param name="OrganizationId">Whose it is.</param>
/// <param name="Id">Its public id.</param>
/// <param name="Prefix">Its first characters.</param>
/// <param name="Scopes">What it may do; null for everything.</param>
/// <param name="ExpiresAt">When it stops working; null for never.</param>
internal sealed record WorkingKey(long OrganizationId, Guid Id, string Prefix, string[]? Scopes, DateTimeOffset? ExpiresAt)
{
    /// <summary>Whether it has a scope.</summary>
    public bool May(string scope) => Scopes is null || Scopes.Contains(scope, StringComparer.Ordinal);
}
