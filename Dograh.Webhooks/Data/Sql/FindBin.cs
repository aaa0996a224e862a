using Npgsql;

namespace Dograh.Webhooks.Data.Sql;

/// <summary>Finds whose bin it is that somebody sends to: the one question about bins that is asked without knowing the organization.</summary>
/// <remarks>By <c>ix_request_bins_id</c>. Everything after it is asked as that organization.</remarks>
public static class FindBin
{
    internal const string Sql = "SELECT b.organization_id FROM request_bins AS b WHERE b.id = $1";

    /// <summary>Runs the statement.</summary>
    /// <returns>The organization; null if there is no such bin.</returns>
    public static async Task<long?> ExecuteAsync(NpgsqlDataSource dataSource, Guid id, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(Sql);
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = id });
        return (long?)await command.ExecuteScalarAsync(cancellationToken);
    }
}
