using System.Text.Json.Serialization;

namespace Dograh.Client;

/// <summary>A key to make.</summary>
/// <param name="Name">What its owner calls it.</param>
/// <param name="Scopes">What it may do; null for all that the caller's key may.</param>
/// <param name="ExpiresAt">When it stops working; null for never.</param>
public sealed record ApiKeyRequest(string Name, IReadOnlyList<string>? Scopes = null, DateTimeOffset? ExpiresAt = null);

/// <summary>A key, without itself.</summary>
public record ApiKey(
    Guid Id, string Name, string Prefix, IReadOnlyList<string>? Scopes, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? LastUsedAt);

/// <summary>A key that was just made, with itself, which is not kept and cannot be asked for again.</summary>
public sealed record CreatedApiKey(
    Guid Id, string Name, string Prefix, IReadOnlyList<string>? Scopes, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? LastUsedAt,
    [property: JsonPropertyName("api_key")] string Key)
    : ApiKey(Id, Name, Prefix, Scopes, CreatedAt, ExpiresAt, LastUsedAt);
