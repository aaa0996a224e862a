using System.Globalization;
using Npgsql;

namespace Dograh.Webhooks.Data.Sql;

/// <summary>Makes a connection one organization's, until it is made another's.</summary>
/// <remarks>
/// For the session and not for a transaction: most requests have none. Connections keep what is set when they go back to their pool, so this is what every use of
/// one begins with. Where the wall is not up (<see cref="TenantWall"/>) the role stays as it was logged in with: the code's own filters are all there is then.
/// </remarks>
internal static class EnterTenant
{
    // It waits for nobody: a server that does not answer this hangs, and that must show soon.
    private const int TimeoutSeconds = 3;

    public const string Sql =
        $"""
        SELECT set_config('{TenantWall.Setting}', $1, false),
               set_config('role', CASE WHEN {TenantWall.IsUpSql} THEN '{TenantWall.Role}' ELSE 'none' END, false)
        """;

    /// <summary>Runs the statement.</summary>
    public static async Task ExecuteAsync(NpgsqlConnection connection, long organizationId, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Sql, connection)
        {
            CommandTimeout = TimeoutSeconds,
            Parameters = { new NpgsqlParameter<string> { TypedValue = organizationId.ToString(CultureInfo.InvariantCulture) } },
        };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
