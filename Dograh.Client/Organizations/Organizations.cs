namespace Dograh.Client;

/// <summary>An organization.</summary>
public sealed record Organization(long Id, string Name, DateTimeOffset CreatedAt);

/// <summary>An organization that was just made, with its first key, which is not kept.</summary>
public sealed record CreatedOrganization(long Id, string Name, DateTimeOffset CreatedAt, string ApiKey);

internal sealed record Named(string Name);
