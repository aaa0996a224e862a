using System.Globalization;
using System.Net;
using System.Security.Claims;
using Dograh.Client;

namespace Dograh.WebConsole.Session;

/// <summary>What the cookie of somebody who has signed in holds. Data Protection seals it: a browser can neither read nor change it.</summary>
internal static class SessionCookie
{
    /// <summary>The authentication scheme, and the policy that asks for it.</summary>
    public const string SchemeName = "console";

    /// <summary>The cookie's name.</summary>
    public const string Name = "dograh-console";

    /// <summary>The API key.</summary>
    public const string KeyClaim = "key";

    /// <summary>The id of the organization whose data is shown: the key's own, or what the operator has chosen.</summary>
    public const string OrganizationClaim = "organization";

    /// <summary>That organization's name.</summary>
    public const string OrganizationNameClaim = "organization_name";

    /// <summary>The key's id; the operator's has none.</summary>
    public const string KeyIdClaim = "key_id";

    /// <summary>The key's first characters, as lists show it.</summary>
    public const string KeyPrefixClaim = "key_prefix";

    /// <summary>One for each of the key's scopes; see <see cref="LimitedClaim"/>.</summary>
    public const string ScopeClaim = "scope";

    /// <summary>There if the key has scopes at all: a key without may do everything.</summary>
    public const string LimitedClaim = "limited";

    /// <summary>There if the key is the operator's.</summary>
    public const string OperatorClaim = "operator";

    /// <summary>The browser's address at this request, whatever it was at an earlier one.</summary>
    public const string AddressClaim = "address";

    /// <summary>The identity of somebody who has signed in with a key.</summary>
    public static ClaimsPrincipal Of(string key, Me who)
    {
        var claims = new List<Claim> { new(KeyClaim, key) };
        if (who.Role == "operator") claims.Add(new Claim(OperatorClaim, "true"));
        if (who.Organization is { } organization) claims.AddRange(Of(organization.Id, organization.Name));
        if (who.Key is { } its)
        {
            claims.Add(new Claim(KeyIdClaim, its.Id.ToString()));
            claims.Add(new Claim(KeyPrefixClaim, its.Prefix));
            if (its.Scopes is { } scopes)
            {
                claims.Add(new Claim(LimitedClaim, "true"));
                claims.AddRange(scopes.Select(scope => new Claim(ScopeClaim, scope)));
            }
        }

        return new ClaimsPrincipal(new ClaimsIdentity(claims, SchemeName));
    }

    /// <summary>The operator's identity, with an organization chosen, or none.</summary>
    public static ClaimsPrincipal Choose(ClaimsPrincipal signedIn, Organization? organization)
    {
        var kept = signedIn.Claims.Where(claim => claim.Type is not (OrganizationClaim or OrganizationNameClaim or AddressClaim));
        return new ClaimsPrincipal(new ClaimsIdentity(organization is null ? kept : kept.Concat(Of(organization.Id, organization.Name)), SchemeName));
    }

    /// <summary>Says from where a request comes, for the calls that are made for it.</summary>
    public static void SetAddress(ClaimsPrincipal signedIn, IPAddress? address)
    {
        if (signedIn.Identity is not ClaimsIdentity identity) return;
        if (identity.FindFirst(AddressClaim) is { } earlier) identity.RemoveClaim(earlier);
        if (address is not null) identity.AddClaim(new Claim(AddressClaim, address.ToString()));
    }

    private static IEnumerable<Claim> Of(long id, string name) =>
        [new(OrganizationClaim, id.ToString(CultureInfo.InvariantCulture)), new(OrganizationNameClaim, name)];
}
