using Dograh.Webhooks.Signing;

namespace Dograh.Api.Signing;

/// <summary>A request that names an algorithm and a scope.</summary>
internal interface IScopedRequest
{
    string? Algorithm { get; }

    long? WorkflowId { get; }

    string? WebhookNodeId { get; }
}

/// <summary>A secret to be.</summary>
internal sealed record SigningSecretRequest(string? Algorithm, long? WorkflowId, string? WebhookNodeId, string? Secret) : IScopedRequest;

/// <summary>A rotation.</summary>
internal sealed record RotationRequest(string? Algorithm, long? WorkflowId, string? WebhookNodeId, double? OverlapSeconds) : IScopedRequest;

/// <summary>When a secret stops signing.</summary>
internal sealed record ExpiryRequest(double? AfterSeconds);

/// <summary>A signing secret, masked.</summary>
internal sealed record SigningSecretView(
    Guid Id, string Algorithm, string Prefix, long? WorkflowId, string? WebhookNodeId, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt)
{
    public static SigningSecretView Of(SigningSecret x) => new(x.Id, x.Algorithm, x.Prefix, x.WorkflowId, x.WebhookNodeId, x.CreatedAt, x.ExpiresAt);
}

/// <summary>A public key of signatures with v1a.</summary>
internal sealed record SigningKeyView(
    Guid Id, string Algorithm, string PublicKey, long? WorkflowId, string? WebhookNodeId, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt)
{
    public static SigningKeyView Of(SigningSecret x) => new(x.Id, x.Algorithm, x.PublicKey!, x.WorkflowId, x.WebhookNodeId, x.CreatedAt, x.ExpiresAt);
}

/// <summary>What a receiver verifies with.</summary>
internal sealed record RevealedSecretView(string Secret);
