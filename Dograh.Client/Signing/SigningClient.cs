using Dograh.Client.Http;

namespace Dograh.Client;

/// <summary>What deliveries are signed with.</summary>
public sealed class SigningClient
{
    private const string Path = "api/v1/signing-secrets";

    private readonly ApiConnection _api;

    internal SigningClient(ApiConnection api) => _api = api;

    /// <summary>Adds a secret: it signs beside those that there are.</summary>
    public Task<SigningSecret> AddAsync(SigningSecretRequest request, string? idempotencyKey = null, CancellationToken cancellationToken = default) =>
        _api.PostAsync<SigningSecretRequest, SigningSecret>(Path, request, cancellationToken, idempotencyKey);

    /// <summary>A page of the secrets that sign, masked, newest first.</summary>
    /// <param name="workflowId">Only those of this workflow.</param>
    /// <param name="webhookNodeId">Only those of this node of the workflow.</param>
    /// <param name="limit">How many.</param>
    /// <param name="cursor">Which page.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public Task<Page<SigningSecret>> ListAsync(
        long? workflowId = null, string? webhookNodeId = null, int? limit = null, string? cursor = null, CancellationToken cancellationToken = default) =>
        _api.GetAsync<Page<SigningSecret>>(
            new Query(Path).Add("workflow_id", workflowId).Add("webhook_node_id", webhookNodeId).Page(limit, cursor), cancellationToken);

    /// <summary>All secrets that sign, masked, newest first.</summary>
    public IAsyncEnumerable<SigningSecret> AllAsync(CancellationToken cancellationToken = default) =>
        ApiConnection.AllAsync<SigningSecret>((cursor, token) => ListAsync(limit: 200, cursor: cursor, cancellationToken: token), cancellationToken);

    /// <summary>Makes a new secret; the old ones sign beside it for a while.</summary>
    public Task<SigningSecret> RotateAsync(RotationRequest request, string? idempotencyKey = null, CancellationToken cancellationToken = default) =>
        _api.PostAsync<RotationRequest, SigningSecret>($"{Path}/rotate", request, cancellationToken, idempotencyKey);

    /// <summary>Reveals what a receiver verifies with: a secret, or a public key.</summary>
    public Task<RevealedSecret> RevealAsync(Guid id, CancellationToken cancellationToken = default) =>
        _api.GetAsync<RevealedSecret>($"{Path}/{id:D}/secret", cancellationToken);

    /// <summary>Says when a secret stops signing: now, unless told otherwise.</summary>
    public Task<SigningSecret> ExpireAsync(Guid id, ExpiryRequest request, string? idempotencyKey = null, CancellationToken cancellationToken = default) =>
        _api.PostAsync<ExpiryRequest, SigningSecret>($"{Path}/{id:D}/expire", request, cancellationToken, idempotencyKey);

    /// <summary>A page of the public keys of v1a signatures, newest first.</summary>
    public Task<Page<SigningKey>> ListKeysAsync(int? limit = null, string? cursor = null, CancellationToken cancellationToken = default) =>
        _api.GetAsync<Page<SigningKey>>(new Query("api/v1/signing-keys").Page(limit, cursor), cancellationToken);
}
