using Npgsql;

namespace Dograh.Webhooks.Data.Sql;

/// <summary>Reads the definition of one version of a workflow, by its primary key.</summary>
internal static class ReadDefinition
{
    public const string Sql = "SELECT definition FROM workflow_definitions WHERE organization_id = $1 AND workflow_id = $2 AND version = $3";

    /// <summary>Runs the statement; null if there is no such version.</summary>
    public static async Task<string?> ExecuteAsync(
        NpgsqlConnection connection, long organizationId, long workflowId, int version, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Sql, connection)
        {
            Parameters =
            {
                new NpgsqlParameter<long> { TypedValue = organizationId }, new NpgsqlParameter<long> { TypedValue = workflowId },
                new NpgsqlParameter<int> { TypedValue = version },
            },
        };
        return (string?)await command.ExecuteScalarAsync(cancellationToken);
    }
}
