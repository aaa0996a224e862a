namespace Dograh.Client;

/// <summary>Who a key is.</summary>
/// <param name="Role"><c>organization</c> or <c>operator</c>.</param>
/// <param name="Organization">The organization that the key calls for; null for the operator who acts for none.</param>
/// <param name="Key">The key; null for the operator's.</param>
public sealed record Me(string Role, MyOrganization? Organization, MyKey? Key);

/// <summary>The organization that a key calls for.</summary>
public sealed record MyOrganization(long Id, string Name);

/// <summary>The key that a call came with, as far as it is told.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">What its owner calls it.</param>
/// <param name="Prefix">Its first characters.</param>
/// <param name="Scopes">What it may do; null for everything.</param>
/// <param name="ExpiresAt">When it stops working; null for never.</param>
public sealed record MyKey(Guid Id, string Name, string Prefix, IReadOnlyList<string>? Scopes, DateTimeOffset? ExpiresAt);
