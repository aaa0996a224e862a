using System.Text.Json;

namespace Dograh.Client;

/// <summary>A credential to store, or what to change of one: null leaves a field as it is.</summary>
/// <param name="Name">What its owner calls it.</param>
/// <param name="Description">What it is for.</param>
/// <param name="CredentialType">Such as <c>bearer_token</c>.</param>
/// <param name="CredentialData">The fields of its type.</param>
public sealed record CredentialRequest(string? Name = null, string? Description = null, string? CredentialType = null, JsonElement? CredentialData = null);

/// <summary>A credential, without its data.</summary>
public sealed record Credential(Guid Uuid, string Name, string? Description, string CredentialType, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);

/// <summary>Where a test goes.</summary>
/// <param name="Url">The URL.</param>
/// <param name="HttpMethod">The method; null for the API's default.</param>
public sealed record CredentialTestRequest(string Url, string? HttpMethod = null);

/// <summary>What came of a test: an answer, or an error.</summary>
/// <param name="StatusCode">The receiver's answer; null if it gave none, or was not asked.</param>
/// <param name="DurationMs">How long it took.</param>
/// <param name="Error">What went wrong; null after a 2xx.</param>
/// <param name="ResponseHeaders">The answer's headers, redacted.</param>
/// <param name="ResponseBody">The beginning of its body, redacted.</param>
public sealed record TestAnswer(int? StatusCode, double DurationMs, string? Error, JsonElement? ResponseHeaders, string? ResponseBody);
