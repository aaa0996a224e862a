using Dograh.Api.Http;
using Dograh.Webhooks.Data;
using Dograh.Webhooks.Signing;
using Microsoft.EntityFrameworkCore;

namespace Dograh.Api.Signing;

/// <summary>A change of the secrets of one scope, within a transaction that keeps others from changing the organization's meanwhile.</summary>
internal sealed class SigningChange
{
    /// <summary>How many secrets of one scope may sign at a time: each costs every one of its requests a signature.</summary>
    public const int MaxActive = 10;

    private readonly DograhDbContext _database;
    private readonly SigningSecretStore _store;
    private readonly long _organizationId;
    private readonly SigningScope _scope;
    private readonly DateTimeOffset _now;
    private readonly List<SigningSecret> _active;

    private SigningChange(
        DograhDbContext database, SigningSecretStore store, long organizationId, SigningScope scope, DateTimeOffset now, List<SigningSecret> active) =>
        (_database, _store, _organizationId, _scope, _now, _active) = (database, store, organizationId, scope, now, active);

    /// <summary>Begins a change, and forgets what has expired.</summary>
    public static async Task<SigningChange> BeginAsync(
        DograhDbContext database, SigningSecretStore store, long organizationId, SigningScope scope, CancellationToken cancellationToken)
    {
        await SigningSecretStore.LockAsync(database, organizationId, cancellationToken);
        await database.SigningSecrets.Where(x => x.OrganizationId == organizationId && x.ExpiresAt <= DatabaseFunctions.Now()).ExecuteDeleteAsync(cancellationToken);
        var now = await database.Database.SqlQuery<DateTimeOffset>($"SELECT now() AS \"Value\"").SingleAsync(cancellationToken);
        var active = await Of(database, organizationId, scope).OrderBy(x => x.CreatedAt).ThenBy(x => x.Id).ToListAsync(cancellationToken);
        return new SigningChange(database, store, organizationId, scope, now, active);
    }

    /// <summary>Adds a secret.</summary>
    public SigningSecret Add(string algorithm, string? brought = null)
    {
        var added = _store.Add(_database, _organizationId, _scope, algorithm, brought);
        _active.Add(added);
        return added;
    }

    /// <summary>Lets those of an algorithm sign no longer than so long from now.</summary>
    /// <remarks>
    /// A node that had none of its own was signed with its organization's until now: they sign beside its own for as long, as rows of its own.
    /// </remarks>
    public async Task ExpireOldAsync(string algorithm, TimeSpan after, CancellationToken cancellationToken)
    {
        if (_active.Count == 0 && _scope != SigningScope.Organization && after > TimeSpan.Zero)
        {
            var inherited = await Of(_database, _organizationId, SigningScope.Organization).AsNoTracking()
                .OrderBy(x => x.CreatedAt).ThenBy(x => x.Id).ToListAsync(cancellationToken);
            foreach (var secret in inherited)
            {
                var copy = _store.Add(_database, _organizationId, _scope, secret.Algorithm, _store.Open(secret), secret.PublicKey);
                copy.ExpiresAt = Earlier(secret.ExpiresAt, _now + after);
                // What was there before is signed with after what is new.
                copy.CreatedAt = secret.CreatedAt;
                _active.Add(copy);
            }

            return;
        }

        foreach (var secret in _active.Where(x => x.Algorithm == algorithm)) secret.ExpiresAt = Earlier(secret.ExpiresAt, _now + after);
    }

    /// <summary>Lets one sign for so long from now, and no longer.</summary>
    /// <exception cref="ApiProblemException">It is gone by now (404), or the organization would be left without (409).</exception>
    public SigningSecret Expire(Guid id, TimeSpan after)
    {
        var secret = _active.SingleOrDefault(x => x.Id == id) ?? throw ApiProblemException.NotFound("signing secret");
        if (_scope == SigningScope.Organization && secret is { Algorithm: SigningAlgorithm.V1, ExpiresAt: null }
            && !_active.Exists(x => x != secret && x is { Algorithm: SigningAlgorithm.V1, ExpiresAt: null }))
        {
            throw ApiProblemException.Conflict("This is the organization's last signing secret with v1: every delivery is signed. Rotate it, or add another first.");
        }

        secret.ExpiresAt = _now + after;
        return secret;
    }

    /// <summary>Saves what was changed.</summary>
    /// <exception cref="ApiProblemException">The scope would have too many: 409.</exception>
    public async Task<Answer> SaveAsync(SigningSecret changed, int statusCode, CancellationToken cancellationToken)
    {
        if (_active.Count(x => x.ExpiresAt is null || x.ExpiresAt > _now) > MaxActive)
        {
            throw ApiProblemException.Conflict($"At most {MaxActive} secrets may sign at a time; expire one first.");
        }

        await _database.SaveChangesAsync(cancellationToken);
        return new Answer(statusCode, SigningSecretView.Of(changed));
    }

    private static IQueryable<SigningSecret> Of(DograhDbContext database, long organizationId, SigningScope scope) =>
        SigningSecretStore.Active(database, organizationId).Where(x => x.WorkflowId == scope.WorkflowId && x.WebhookNodeId == scope.WebhookNodeId);

    private static DateTimeOffset Earlier(DateTimeOffset? one, DateTimeOffset other) => one is { } time && time < other ? time : other;
}
