using System.Globalization;
using System.Security.Claims;

namespace Dograh.WebConsole.Session;

/// <summary>Who has signed in, and what may be offered to them. Pages get it as a cascading parameter.</summary>
/// <remarks>It decides what is shown only; what is allowed is the API's to say, at each call.</remarks>
public sealed class ConsoleSession
{
    private readonly HashSet<string>? _scopes;

    /// <param name="user">The identity of the session's cookie.</param>
    public ConsoleSession(ClaimsPrincipal user)
    {
        IsOperator = user.HasClaim(claim => claim.Type == SessionCookie.OperatorClaim);
        OrganizationId = user.FindFirst(SessionCookie.OrganizationClaim) is { } id ? long.Parse(id.Value, CultureInfo.InvariantCulture) : null;
        OrganizationName = user.FindFirst(SessionCookie.OrganizationNameClaim)?.Value;
        KeyId = user.FindFirst(SessionCookie.KeyIdClaim) is { } key ? Guid.Parse(key.Value) : null;
        KeyPrefix = user.FindFirst(SessionCookie.KeyPrefixClaim)?.Value;
        if (user.HasClaim(claim => claim.Type == SessionCookie.LimitedClaim))
        {
            _scopes = [.. user.FindAll(SessionCookie.ScopeClaim).Select(claim => claim.Value)];
        }
    }

    /// <summary>Whether the key is the operator's.</summary>
    public bool IsOperator { get; }

    /// <summary>The organization whose data is shown; null while the operator has chosen none.</summary>
    public long? OrganizationId { get; }

    /// <summary>Its name.</summary>
    public string? OrganizationName { get; }

    /// <summary>The key's id; null for the operator's.</summary>
    public Guid? KeyId { get; }

    /// <summary>The key's first characters; null for the operator's.</summary>
    public string? KeyPrefix { get; }

    /// <summary>Whether something that needs a scope of an organization's key is to be offered.</summary>
    /// <param name="scope">As the API names it: <c>deliveries:write</c>.</param>
    public bool May(string scope) => OrganizationId is not null && (_scopes is null || _scopes.Contains(scope));
}
