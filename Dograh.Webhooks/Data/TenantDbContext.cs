using Microsoft.EntityFrameworkCore;

namespace Dograh.Webhooks.Data;

/// <summary>The model as one organization's requests see it: PostgreSQL itself lets nobody else's rows through. Made by <see cref="TenantDatabase"/>.</summary>
/// <param name="options">The options.</param>
/// <param name="organizationId">Whose rows there are.</param>
public sealed class TenantDbContext(DbContextOptions<TenantDbContext> options, long organizationId) : DograhDbContext(options)
{
    /// <summary>Whose rows there are.</summary>
    public long OrganizationId { get; } = organizationId;
}
