using Dograh.Webhooks.Data;
using Dograh.Webhooks.Data.Sql;

namespace Dograh.Api.Figures;

/// <summary>Organizations' figures over a window, each read on a connection of the organization that asks.</summary>
internal sealed class StatsReader(TenantDatabase tenants, TimeProvider time)
{
    private const int TimeoutSeconds = 60;

    // None: whoever asks after a change that was quick to count sees it.
    private readonly FiguresCache<(long OrganizationId, TimeSpan Window), Stats> _stats = new(time, leastAge: TimeSpan.Zero);

    /// <summary>The figures of a window.</summary>
    public Task<Stats> GetAsync(long organizationId, StatsWindow window, CancellationToken cancellationToken) =>
        _stats.GetAsync((organizationId, window.Length), () => ReadAsync(organizationId, window.Length), cancellationToken);

    private async Task<Stats> ReadAsync(long organizationId, TimeSpan window)
    {
        await using var connection = await tenants.OpenAsync(organizationId, CancellationToken.None);
        return await ReadStats.ExecuteAsync(connection, organizationId, window, TimeoutSeconds, CancellationToken.None);
    }
}
