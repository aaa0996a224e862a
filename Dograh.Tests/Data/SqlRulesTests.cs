using System.Reflection;
using System.Text.RegularExpressions;
using Dograh.Webhooks.Data.Sql;

namespace Dograh.Tests.Data;

/// <summary>What the design asks of every statement in <c>Data/Sql</c>, so that the tables can be split by organization, read off their texts.</summary>
public sealed partial class SqlRulesTests
{
    public static TheoryData<string> Statements => [.. Texts.Keys];

    public static TheoryData<string> Updates => [.. Texts.Where(text => text.Value.StartsWith("UPDATE", StringComparison.Ordinal)).Select(text => text.Key)];

    private static IReadOnlyDictionary<string, string> Texts { get; } = typeof(ClaimDeliveries).Assembly.GetTypes()
        .Where(type => type.Namespace == typeof(ClaimDeliveries).Namespace)
        .SelectMany(type => type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)
            .Where(field => field.IsLiteral && field.Name.EndsWith("Sql", StringComparison.Ordinal))
            .Select(field => (Name: $"{type.Name}.{field.Name}", Text: (string)field.GetRawConstantValue()!)))
        .ToDictionary(field => field.Name, field => field.Text, StringComparer.Ordinal);

    [Fact]
    public void The_hot_statements_are_among_those_that_are_read()
    {
        string[] hot = ["ClaimDeliveries.Sql", "FindDueDeliveries.Sql", "FindDueTimes.Sql", "RecordAttempts.InsertSql", "RecordAttempts.UpdateSql", "ReturnClaims.Sql"];

        Assert.Empty(hot.Except(Texts.Keys));
    }

    [Theory]
    [MemberData(nameof(Statements))]
    public void Rows_that_come_as_arrays_carry_their_organization_first_or_are_all_of_one(string statement)
    {
        var text = Texts[statement];
        if (!text.Contains("unnest(", StringComparison.Ordinal)) return;

        Assert.True(
            OrganizationFirst().IsMatch(text)
            || text.Contains("organization_id = $1", StringComparison.Ordinal)
            || text.Contains("SELECT $1,", StringComparison.Ordinal),
            text);
    }

    [Theory]
    [MemberData(nameof(Statements))]
    public void Every_join_of_a_table_names_the_organization(string statement) =>
        Assert.All(Joins().Matches(Texts[statement]), join => Assert.Contains("organization_id", join.Value, StringComparison.Ordinal));

    [Theory]
    [MemberData(nameof(Updates))]
    public void An_update_finds_its_rows_by_their_organization(string statement)
    {
        var text = Texts[statement];

        Assert.Matches(ByOrganization(), text[text.LastIndexOf("WHERE", StringComparison.Ordinal)..]);
    }

    [Theory]
    [MemberData(nameof(Updates))]
    public void An_update_uses_no_volatile_function(string statement) =>
        Assert.DoesNotMatch(VolatileFunction(), Texts[statement]);

    [Theory]
    [MemberData(nameof(Updates))]
    public void An_update_reckons_times_in_epoch_seconds_and_not_with_intervals(string statement)
    {
        Assert.DoesNotMatch(TimeArithmetic(), Texts[statement]);
        Assert.DoesNotContain("interval", Texts[statement], StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [MemberData(nameof(Updates))]
    public void An_update_casts_no_column_to_the_state(string statement) =>
        Assert.DoesNotMatch(CastColumn(), Texts[statement]);

    [Theory]
    [MemberData(nameof(Updates))]
    public void What_an_update_returns_are_plain_columns(string statement)
    {
        var parts = Texts[statement].Split("RETURNING", 2);
        if (parts.Length < 2) return;

        Assert.All(parts[1].Split(',', StringSplitOptions.TrimEntries), column => Assert.Matches(PlainColumn(), column));
    }

    [GeneratedRegex(@"unnest\(\$1, \$2(, \$\d+)*\)(\s+WITH ORDINALITY)?\s+AS \w+ \(organization_id, ", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex OrganizationFirst();

    [GeneratedRegex(@"\bJOIN (webhook_|workflow|external_|idempotency_|api_keys|organizations).*?(?=\bJOIN\b|\bWHERE\b|$)", RegexOptions.Singleline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Joins();

    [GeneratedRegex(@"^WHERE (\w+\.)?organization_id = (\$1|\w+\.organization_id)\b", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex ByOrganization();

    [GeneratedRegex("random|clock_timestamp|timeofday|nextval|gen_random_uuid|uuid_generate|setseed", RegexOptions.IgnoreCase, 1000)]
    private static partial Regex VolatileFunction();

    [GeneratedRegex(@"now\(\)\s*[-+]|(_at|_for)\s*[-+]", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex TimeArithmetic();

    [GeneratedRegex("(?<!')::webhook_delivery_status", RegexOptions.None, 1000)]
    private static partial Regex CastColumn();

    [GeneratedRegex(@"^\w+\.\w+$", RegexOptions.None, 1000)]
    private static partial Regex PlainColumn();
}
