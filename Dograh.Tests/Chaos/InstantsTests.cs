using Dograh.Chaos.Network;
using Dograh.Webhooks.Data.Sql;

namespace Dograh.Tests.Chaos;

/// <summary>The patterns that the traps wait for are in the statements that they are named after.</summary>
public sealed class InstantsTests
{
    [Fact]
    public void Each_pattern_is_in_its_statement_and_in_no_other()
    {
        string[] statements = [ClaimDeliveries.Sql, RecordAttempts.UpdateSql, InsertCompletedRuns.Sql];

        Assert.Equal(ClaimDeliveries.Sql, Assert.Single(statements, sql => sql.Contains(Instants.Claim, StringComparison.Ordinal)));
        Assert.Equal(RecordAttempts.UpdateSql, Assert.Single(statements, sql => sql.Contains(Instants.Record, StringComparison.Ordinal)));
        Assert.Equal(InsertCompletedRuns.Sql, Assert.Single(statements, sql => sql.Contains(Instants.Intake, StringComparison.Ordinal)));
    }
}
