namespace Dograh.Client;

/// <summary>A secret to add.</summary>
/// <param name="Algorithm"><c>v1</c> (HMAC) or <c>v1a</c> (Ed25519); null for the API's default.</param>
/// <param name="WorkflowId">For one workflow only.</param>
/// <param name="WebhookNodeId">For one node of the workflow only.</param>
/// <param name="Secret">The secret itself, where one is brought.</param>
public sealed record SigningSecretRequest(string? Algorithm = null, long? WorkflowId = null, string? WebhookNodeId = null, string? Secret = null);

/// <summary>A rotation.</summary>
/// <param name="Algorithm">As of <see cref="SigningSecretRequest"/>.</param>
/// <param name="WorkflowId">For one workflow only.</param>
/// <param name="WebhookNodeId">For one node of the workflow only.</param>
/// <param name="OverlapSeconds">How long the old ones sign beside the new one; null for a day.</param>
public sealed record RotationRequest(string? Algorithm = null, long? WorkflowId = null, string? WebhookNodeId = null, double? OverlapSeconds = null);

/// <summary>When a secret stops signing.</summary>
/// <param name="AfterSeconds">After how long; null for now.</param>
public sealed record ExpiryRequest(double? AfterSeconds = null);

/// <summary>A secret, masked.</summary>
public sealed record SigningSecret(
    Guid Id, string Algorithm, string Prefix, long? WorkflowId, string? WebhookNodeId, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt);

/// <summary>What a receiver verifies with.</summary>
public sealed record RevealedSecret(string Secret);

/// <summary>The public key of v1a signatures.</summary>
public sealed record SigningKey(
    Guid Id, string Algorithm, string PublicKey, long? WorkflowId, string? WebhookNodeId, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt);
