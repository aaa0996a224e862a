namespace Dograh.Client;

/// <summary>What the server says of itself.</summary>
/// <param name="Status"><c>Healthy</c>, <c>Degraded</c> (Redis is away; it accepts all the same) or <c>Unhealthy</c> (PostgreSQL is away or not yet migrated).</param>
/// <param name="ServerTime">The server's clock as the answer left, to the second; null if it does not say.</param>
public sealed record Health(string Status, DateTimeOffset? ServerTime);
