using Dograh.Webhooks.Credentials;
using Dograh.Webhooks.Data;
using Microsoft.EntityFrameworkCore;

namespace Dograh.Webhooks.Signing;

/// <summary>Makes signing secrets, and sees to it that every organization has one.</summary>
public sealed class SigningSecretStore(SigningSecretProtector protector, KeyRingCheck keyRing)
{
    /// <summary>Adds a secret to the context; it is stored with what else the context saves.</summary>
    /// <param name="database">The context.</param>
    /// <param name="organizationId">Whose it is.</param>
    /// <param name="scope">What it signs.</param>
    /// <param name="algorithm">One of <see cref="SigningAlgorithm"/>.</param>
    /// <param name="brought">The text of one that its owner brings or that another row has; null for a new one.</param>
    /// <param name="publicKey">The public key of a brought one of <see cref="SigningAlgorithm.V1a"/>.</param>
    /// <exception cref="System.Security.Cryptography.CryptographicException">This process's master key is not that of the others.</exception>
    public SigningSecret Add(
        DograhDbContext database, long organizationId, SigningScope scope, string algorithm, string? brought = null, string? publicKey = null)
    {
        keyRing.ThrowIfForeign();
        var text = brought;
        if (text is null && algorithm == SigningAlgorithm.V1a) (text, publicKey) = Ed25519Key.CreatePair();
        text ??= SigningSecretText.CreateSecret();
        var id = Guid.CreateVersion7();
        var secret = new SigningSecret
        {
            OrganizationId = organizationId,
            Id = id,
            WorkflowId = scope.WorkflowId,
            WebhookNodeId = scope.WebhookNodeId,
            Algorithm = algorithm,
            EncryptedSecret = protector.Protect(organizationId, id, text),
            Prefix = SigningSecretText.Mask(publicKey ?? text),
            PublicKey = publicKey,
        };
        database.SigningSecrets.Add(secret);
        return secret;
    }

    /// <summary>Opens a secret's text.</summary>
    /// <exception cref="System.Security.Cryptography.CryptographicException">It cannot be decrypted just now.</exception>
    public string Open(SigningSecret secret) => protector.Unprotect(secret.OrganizationId, secret.Id, secret.EncryptedSecret);

    /// <summary>The secrets of an organization that sign at this moment.</summary>
    public static IQueryable<SigningSecret> Active(DograhDbContext database, long organizationId) =>
        database.SigningSecrets.Where(x => x.OrganizationId == organizationId && (x.ExpiresAt == null || x.ExpiresAt > DatabaseFunctions.Now()));

    /// <summary>Keeps others from changing an organization's secrets until the transaction ends.</summary>
    /// <remarks>The row of the organization: rows that are made below it meanwhile do not wait.</remarks>
    public static Task LockAsync(DograhDbContext database, long organizationId, CancellationToken cancellationToken) =>
        database.Database.ExecuteSqlAsync($"SELECT FROM organizations WHERE id = {organizationId} FOR NO KEY UPDATE", cancellationToken);

    /// <summary>Gives an organization a secret if it has none that signs as all receivers can verify: those of before there were any, and of an older API.</summary>
    /// <param name="database">A context without a transaction.</param>
    /// <param name="organizationId">The organization.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>Whether it was given one just now.</returns>
    public async Task<bool> EnsureAsync(DograhDbContext database, long organizationId, CancellationToken cancellationToken)
    {
        if (await HasOwnAsync(database, organizationId, cancellationToken)) return false;
        await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
        await LockAsync(database, organizationId, cancellationToken);
        if (await HasOwnAsync(database, organizationId, cancellationToken)) return false;
        Add(database, organizationId, SigningScope.Organization, SigningAlgorithm.V1);
        await database.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(CancellationToken.None);
        return true;
    }

    private static Task<bool> HasOwnAsync(DograhDbContext database, long organizationId, CancellationToken cancellationToken) =>
        Active(database, organizationId).AnyAsync(x => x.WorkflowId == null && x.Algorithm == SigningAlgorithm.V1, cancellationToken);
}
