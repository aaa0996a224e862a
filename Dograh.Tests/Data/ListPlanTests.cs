using System.Globalization;
using System.Text.RegularExpressions;
using Dograh.Api.Access;
using Dograh.Api.Deliveries;
using Dograh.Api.Http;
using Dograh.Api.Runs;
using Dograh.Webhooks.Data;
using Dograh.Webhooks.Data.Sql;
using Dograh.Webhooks.Deliveries;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Dograh.Tests.Data;

/// <summary>
/// How PostgreSQL runs the lists of deliveries, the bulk replay's reads and the statistics, as an organization's requests ask it, behind row-level security: it walks an
/// index and stops at the page's end.
/// </summary>
[Collection(nameof(LargeDatabase))]
public sealed partial class ListPlanTests(LargeDatabase seeded)
{
    private const string ByCreation = "ix_webhook_delivery_listings_created_at";
    private const string ByWorkflow = "ix_webhook_delivery_listings_workflow";
    private const string ByNode = "ix_webhook_delivery_listings_node";
    private const string ByHost = "ix_webhook_delivery_listings_host";
    private const string OfDeadLetters = "ix_webhook_deliveries_dead_letter";
    private const string OfAnswered = "ix_webhook_deliveries_dead_letter_answered";
    private const string OfUnanswered = "ix_webhook_deliveries_dead_letter_unanswered";
    private const string OfCancelled = "ix_webhook_deliveries_cancelled";

    private static readonly Caller Acme = new(1);
    private static readonly DeliveryFilter All = new();
    private static readonly PageRequest First = new(200, DateTimeOffset.MaxValue, "");
    private static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();

    private static readonly Dictionary<string, (DeliveryFilter Filter, string Index)> Walks = new(StringComparer.Ordinal)
    {
        ["all"] = (All, ByCreation),
        ["created"] = (All with { CreatedAfter = Now.AddHours(-20), CreatedBefore = Now.AddHours(-10) }, ByCreation),
        ["succeeded"] = (All with { Status = DeliveryStatus.Succeeded }, ByCreation),
        ["dead letters"] = (All with { Status = DeliveryStatus.DeadLetter }, OfDeadLetters),
        ["cancelled, created"] = (All with { Status = DeliveryStatus.Cancelled, CreatedBefore = Now.AddHours(-10) }, OfCancelled),
        ["workflow"] = (All with { WorkflowId = 2 }, ByWorkflow),
        ["workflow, succeeded"] = (All with { WorkflowId = 2, Status = DeliveryStatus.Succeeded }, ByWorkflow),
        ["node"] = (All with { WebhookNodeId = "node-7" }, ByNode),
        ["host"] = (All with { EndpointHost = "crm-3.example" }, ByHost),
        ["status code"] = (All with { StatusCode = "503" }, ByCreation),
        ["pending, error"] = (All with { Status = DeliveryStatus.Pending, Error = "nobody's" }, ByCreation),
        ["workflow, cause"] = (All with { WorkflowId = 2, Cause = "timeout" }, ByWorkflow),
        ["dead letters, error"] = (All with { Status = DeliveryStatus.DeadLetter, Error = "50%" }, OfDeadLetters),
        ["dead letters, workflow"] = (All with { Status = DeliveryStatus.DeadLetter, WorkflowId = 2 }, OfDeadLetters),
        ["dead letters, host, answered"] = (All with { Status = DeliveryStatus.DeadLetter, EndpointHost = "crm-3.example", Cause = "HTTP 401" }, OfAnswered),
        ["dead letters, host, unanswered"] = (All with { Status = DeliveryStatus.DeadLetter, EndpointHost = "crm-3.example", Cause = "timeout" }, OfUnanswered),
        ["host, succeeded, created"] = (All with { EndpointHost = "crm-3.example", Status = DeliveryStatus.Succeeded, CreatedAfter = Now.AddHours(-30) }, ByHost),
    };

    private static int _statements;

    public static TheoryData<string> Names => [.. Walks.Keys];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory, MemberData(nameof(Names))]
    public async Task A_page_of_a_list_is_a_walk_of_one_index_that_ends_with_the_page(string name)
    {
        var (filter, index) = Walks[name];
        foreach (var page in (PageRequest[])[First, new PageRequest(200, Now.AddHours(-12), "60000")])
        {
            AssertWalks(index, await ExplainAsync(database => filter.Apply(database, Acme).NewestFirst(page)));
            AssertWalks(index, await ExplainAsync(database => filter.Apply(database, Acme).StepEnd(page)));
        }
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_chunk_of_a_bulk_replay_is_a_walk_of_the_same_index(string name)
    {
        var (filter, index) = Walks[name];
        foreach (var after in (DeliveryPageKey?[])[null, new DeliveryPageKey(Now.AddHours(-12), 60000)])
        {
            AssertWalks(index, await ExplainAsync(database => filter.Apply(database, Acme).OldestFirst(after, 1000)));
        }
    }

    [Fact]
    public async Task A_page_of_a_workflows_runs_is_a_walk_of_their_index()
    {
        foreach (var page in (PageRequest[])[First, new PageRequest(200, Now.AddHours(-12), "60000")])
        {
            AssertWalks("ix_workflow_runs_workflow", await ExplainAsync(database => RunsApi.NewestFirst(database, Acme, 2, page)));
        }
    }

    // However many rows there are of which none is wanted.
    [Fact]
    public async Task What_no_index_tells_is_looked_for_in_a_bounded_number_of_rows()
    {
        foreach (var filter in (DeliveryFilter[])[All with { Error = "nobody's" }, All with { StatusCode = "599", WorkflowId = 2 }, All with { Status = DeliveryStatus.Succeeded, Cause = "timeout" }])
        {
            var plan = await ExplainAsync(Acme, database => filter.Apply(database, Acme).NewestFirst(First), "EXPLAIN (ANALYZE, TIMING OFF, SUMMARY OFF)");

            Assert.Matches($@"actual rows={DeliverySearch.Step} ", plan);
            Assert.All(ActualRows().Matches(plan), rows => Assert.InRange(long.Parse(rows.Groups["rows"].Value, CultureInfo.InvariantCulture), 0, DeliverySearch.Step));
        }
    }

    [Fact]
    public async Task Groups_of_dead_letters_are_found_by_hopping_and_counted_in_their_index()
    {
        var answered = await ReadPlanAsync($"EXPLAIN (ANALYZE, TIMING OFF, SUMMARY OFF) {FindDeadLetters.AnsweredSql}", 1L, 1000);
        var counted = await ReadPlanAsync($"EXPLAIN {FindDeadLetters.CountSql}", 1L, (string[])["crm-1.example", "crm-2.example"], (int[])[401, 402], 1000);
        var unanswered = await ReadPlanAsync($"EXPLAIN (ANALYZE, TIMING OFF, SUMMARY OFF) {FindDeadLetters.UnansweredSql}", 1L, 1000);
        var causes = await ExplainAsync(database => DeadLettersApi.ByCause(database, Acme, "crm-3.example", 1000));

        Assert.Contains($"Index Only Scan using {OfAnswered}", answered, StringComparison.Ordinal);
        Assert.Contains($"Index Only Scan using {OfAnswered}", counted, StringComparison.Ordinal);
        Assert.Contains($"Index Only Scan using {OfUnanswered}", unanswered, StringComparison.Ordinal);
        Assert.Contains($"using {OfUnanswered}", causes, StringComparison.Ordinal);
        Assert.All((string[])[answered, counted, unanswered, causes], plan => Assert.DoesNotContain("Seq Scan", plan, StringComparison.Ordinal));
        // A row for each hop, however many dead letters there are of it.
        Assert.All((string[])[answered, unanswered], plan => Assert.All(ActualRows().Matches(plan), rows => Assert.InRange(long.Parse(rows.Groups["rows"].Value, CultureInfo.InvariantCulture), 0, 7 * 3)));
    }

    // Walked in the order of the list while much is pending; from the small index of what is due, and sorted, once little is.
    [Fact]
    public async Task The_list_of_what_is_pending_reads_no_table_through()
    {
        foreach (var organization in (Caller[])[Acme, new(4)])
        {
            var plan = await ExplainAsync(organization, database => (All with { Status = DeliveryStatus.Pending }).Apply(database, organization).NewestFirst(First));

            Assert.DoesNotContain("Seq Scan", plan, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_deliveries_of_a_run_are_found_by_its_key()
    {
        var plan = await ExplainAsync(database => (All with { WorkflowRunId = 2, Status = DeliveryStatus.Succeeded }).Apply(database, Acme).NewestFirst(First));

        Assert.Contains("ux_webhook_deliveries_run_node", plan, StringComparison.Ordinal);
        Assert.DoesNotContain("Seq Scan", plan, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Statistics_of_an_hour_are_counted_by_the_listings_and_the_attempts_of_that_hour()
    {
        var hour = TimeSpan.FromHours(1);
        var counted = await ReadPlanAsync(new Caller(4), $"EXPLAIN {ReadStats.DeliveriesSql}", 4L, hour);
        var attempted = await ReadPlanAsync(new Caller(4), $"EXPLAIN {ReadStats.AttemptsSql}", 4L, hour);
        var endpoints = await ReadPlanAsync(new Caller(4), $"EXPLAIN {ReadStats.EndpointsSql}", 4L, hour, ReadStats.MaxEndpoints, ReadStats.MaxNotable);
        var oldest = await ReadPlanAsync(new Caller(4), $"EXPLAIN {ReadStats.OldestDueSql}", 4L);

        Assert.Contains(ByCreation, counted, StringComparison.Ordinal);
        Assert.Contains("pk_webhook_deliveries", counted, StringComparison.Ordinal);
        Assert.Contains("ix_webhook_delivery_attempts_started_at", attempted, StringComparison.Ordinal);
        Assert.Contains("pk_webhook_delivery_listings", endpoints, StringComparison.Ordinal);
        Assert.Contains("ix_webhook_deliveries_due", oldest, StringComparison.Ordinal);
        Assert.All((string[])[counted, attempted, endpoints, oldest], plan => Assert.DoesNotContain("Seq Scan", plan, StringComparison.Ordinal));
    }

    // However long the window: a day's share of thirty is read as an hour is.
    [Fact]
    public async Task The_buckets_of_a_timeline_are_counted_by_the_listings_and_the_attempts_of_that_time()
    {
        var (from, until) = (Now.AddHours(-2), Now.AddHours(-1));
        var counted = await ReadPlanAsync(new Caller(4), $"EXPLAIN {ReadTimeline.DeliveriesSql}", 4L, from, until, 60.0);
        var attempted = await ReadPlanAsync(new Caller(4), $"EXPLAIN {ReadTimeline.AttemptsSql}", 4L, from, until, 60.0);

        Assert.Contains(ByCreation, counted, StringComparison.Ordinal);
        Assert.Contains("pk_webhook_deliveries", counted, StringComparison.Ordinal);
        Assert.Contains("ix_webhook_delivery_attempts_started_at", attempted, StringComparison.Ordinal);
        Assert.All((string[])[counted, attempted], plan => Assert.DoesNotContain("Seq Scan", plan, StringComparison.Ordinal));
    }

    // A quarter of everything is pending here: what is due is then found in an organization's rows or in the index of what is due, whichever are fewer.
    [Fact]
    public async Task A_backlog_is_counted_without_reading_a_table_through()
    {
        var own = await ReadPlanAsync(new Caller(4), $"EXPLAIN {ReadBacklog.Sql}", (long[])[4]);
        var page = await ReadPlanAsync(OpenAsOwnerAsync, $"EXPLAIN {ReadBacklog.Sql}", Enumerable.Range(1, 20).Select(n => (long)n).ToArray());

        Assert.Contains(OfDeadLetters, own, StringComparison.Ordinal);
        Assert.Contains(OfDeadLetters, page, StringComparison.Ordinal);
        Assert.Contains("ix_webhook_deliveries_due", page, StringComparison.Ordinal);
        Assert.All((string[])[own, page], plan => Assert.DoesNotContain("Seq Scan", plan, StringComparison.Ordinal));
    }

    // Each index costs every insert, and on webhook_deliveries every change too.
    [Fact]
    public async Task No_index_is_there_that_no_query_uses()
    {
        string[] statements =
        [
            "SELECT organization_id FROM api_keys WHERE key_hash = '\\x00'",
            "DELETE FROM api_keys WHERE organization_id = 1 AND id = '00000000-0000-0000-0000-000000000000'",
            "SELECT * FROM api_keys WHERE organization_id = 1 ORDER BY created_at DESC, id DESC LIMIT 50",
            "SELECT * FROM organizations WHERE id = 1 FOR KEY SHARE",
            "SELECT * FROM workflows WHERE organization_id = 1 AND id = 1 FOR UPDATE",
            "SELECT * FROM workflows WHERE organization_id = 1 ORDER BY created_at DESC, id DESC LIMIT 50",
            "SELECT * FROM workflow_definitions WHERE organization_id = 1 AND workflow_id = 1 AND version = 1",
            "SELECT * FROM workflow_runs WHERE organization_id = 1 AND id = 1 FOR UPDATE",
            "SELECT * FROM workflow_runs WHERE organization_id = 1 AND workflow_id = 1 ORDER BY id DESC LIMIT 50",
            "SELECT * FROM external_credentials WHERE organization_id = 1 AND uuid = '00000000-0000-0000-0000-000000000000'",
            "SELECT * FROM external_credentials WHERE organization_id = 1 AND is_active ORDER BY created_at DESC, uuid DESC LIMIT 50",
            "SELECT * FROM oauth_tokens WHERE organization_id = 1 AND credential_uuid = '00000000-0000-0000-0000-000000000000'",
            "SELECT * FROM signing_secrets WHERE organization_id = 1 AND workflow_id = 1 AND webhook_node_id = 'hook'",
            "SELECT * FROM signing_secrets WHERE organization_id = 1 AND id = '00000000-0000-0000-0000-000000000000'",
            "SELECT * FROM organization_quotas WHERE organization_id = 1",
            "SELECT * FROM audit_events WHERE organization_id = 1 ORDER BY created_at DESC, id DESC LIMIT 50",
            "SELECT * FROM audit_events WHERE organization_id = 1 AND resource_id = '1' ORDER BY created_at DESC, id DESC LIMIT 50",
            "DELETE FROM audit_events WHERE organization_id = 1 AND id = '00000000-0000-0000-0000-000000000000'",
            "SELECT * FROM idempotency_keys WHERE organization_id = 1 AND path = '/' AND key = 'k'",
            "SELECT * FROM idempotency_keys WHERE created_at < now() - interval '1 day' ORDER BY created_at LIMIT 1000",
            "SELECT * FROM webhook_deliveries WHERE organization_id = 1 AND delivery_uuid = '00000000-0000-0000-0000-000000000000'",
            "SELECT * FROM webhook_deliveries WHERE organization_id = 1 AND workflow_run_id = 1",
            "SELECT * FROM webhook_deliveries WHERE organization_id = 1 AND id = 1",
            "SELECT scheduled_for, organization_id, id FROM webhook_deliveries WHERE status = 'pending' ORDER BY scheduled_for, organization_id, id LIMIT 1000",
            "SELECT organization_id, id FROM webhook_deliveries WHERE NOT is_listed ORDER BY organization_id, id LIMIT 1000",
            "SELECT organization_id FROM request_bins WHERE id = '00000000-0000-0000-0000-000000000000'",
            "SELECT * FROM request_bins WHERE organization_id = 1 AND id = '00000000-0000-0000-0000-000000000000' FOR UPDATE",
            "SELECT * FROM request_bins WHERE organization_id = 1 ORDER BY created_at DESC, id DESC LIMIT 50",
            "SELECT * FROM bin_requests WHERE organization_id = 1 AND bin_id = '00000000-0000-0000-0000-000000000000' ORDER BY number DESC LIMIT 50",
            // What the foreign key does where a delivery goes; and the statistics by receiver.
            "DELETE FROM webhook_delivery_listings WHERE organization_id = 1 AND id = 1",
            "SELECT * FROM webhook_delivery_attempts WHERE organization_id = 1 AND delivery_id = 1 ORDER BY number",
            "SELECT count(*) FROM webhook_delivery_attempts WHERE organization_id = 4 AND started_at >= now() - interval '1 hour'",
        ];
        var plans = new List<string>();
        foreach (var statement in statements) 
        {
            plans.Add(await ReadPlanAsync(
                OpenAsOwnerAsync, $"BEGIN; SET LOCAL enable_seqscan = off; EXPLAIN {statement}; ROLLBACK"));
        }

        foreach (var (filter, _) in Walks.Values) plans.Add(await ExplainAsync(database => filter.Apply(database, Acme).NewestFirst(First)));

        var indexes = await seeded.Database.ColumnAsync<string>(
            "SELECT c.relname::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relnamespace = 'public'::regnamespace");
        // Tables that others read whole: EF Core's history and the key ring. Of bins there are none here, where one of their indexes is as good as another.
        var unused = indexes.Where(index => index is not ("ix_request_bins_id" or "pk_request_bins")).Where(index => !plans.Exists(plan => Regex.IsMatch(plan, $@"\b{index}\b", RegexOptions.None, TimeSpan.FromSeconds(1))));
        Assert.Equal(["pk___ef_migrations_history", "pk_data_protection_keys"], unused.Order(StringComparer.Ordinal));
    }

    private Task<NpgsqlConnection> OpenAsOwnerAsync() => seeded.Database.DataSource.OpenConnectionAsync(Token).AsTask();

    private static void AssertWalks(string index, string plan)
    {
        Assert.Contains($"using {index}", plan, StringComparison.Ordinal);
        Assert.DoesNotContain("Seq Scan", plan, StringComparison.Ordinal);
        Assert.DoesNotContain("Bitmap", plan, StringComparison.Ordinal);
        Assert.DoesNotContain("Sort", plan, StringComparison.Ordinal);
        Assert.DoesNotContain("Hash", plan, StringComparison.Ordinal);
        Assert.StartsWith("Limit", plan, StringComparison.Ordinal);
    }

    // The plan that a connection comes to use for the prepared statement, which is made anew for its parameters or once for any.
    private Task<string> ExplainAsync<T>(Func<DograhDbContext, IQueryable<T>> query) => ExplainAsync(Acme, query);

    private async Task<string> ExplainAsync<T>(Caller organization, Func<DograhDbContext, IQueryable<T>> query, string explain = "EXPLAIN")
    {
        await using var context = seeded.Tenants.CreateContext(organization.OrganizationId);
        await using var command = query(context).CreateDbCommand();
        var text = command.CommandText;
        var values = new List<string>();
        foreach (NpgsqlParameter parameter in command.Parameters)
        {
            values.Add(Literal(parameter.Value));
            text = Regex.Replace(text, $@"@{parameter.ParameterName.TrimStart('@')}\b", $"${values.Count}", RegexOptions.None, TimeSpan.FromSeconds(1));
        }

        // Each under a name of its own: what Npgsql remembers of one that reads the same is not what another answers.
        var name = $"statement_{Interlocked.Increment(ref _statements)}";
        var execute = $"EXECUTE {name}{(values.Count == 0 ? "" : $" ({string.Join(", ", values)})")}";
        var often = string.Concat(Enumerable.Repeat($"{execute}; ", 6));
        return await ReadPlanAsync(organization, $"PREPARE {name} AS {text}; {often}{explain} {execute}; DEALLOCATE {name}");
    }

    private Task<string> ReadPlanAsync(string sql, params object[] parameters) => ReadPlanAsync(Acme, sql, parameters);

    private Task<string> ReadPlanAsync(Caller organization, string sql, params object[] parameters) =>
        ReadPlanAsync(() => seeded.Tenants.OpenAsync(organization.OrganizationId, Token), sql, parameters);

    private static async Task<string> ReadPlanAsync(Func<Task<NpgsqlConnection>> open, string sql, params object[] parameters)
    {
        await using var connection = await open();
        await using var command = new NpgsqlCommand(sql, connection);
        foreach (var parameter in parameters) command.Parameters.Add(new() { Value = parameter });
        await using var reader = await command.ExecuteReaderAsync(Token);
        var lines = new List<string>();
        do
        {
            var isPlan = reader.FieldCount == 1 && reader.GetName(0) == "QUERY PLAN";
            while (await reader.ReadAsync(Token))
            {
                if (isPlan) lines.Add(reader.GetString(0));
            }
        }
        while (await reader.NextResultAsync(Token));
        return string.Join('\n', lines);
    }

    private static string Literal(object? value) => value switch
    {
        string text => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'",
        DateTimeOffset time => $"'{time.UtcDateTime.ToString("O", CultureInfo.InvariantCulture)}'",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    [GeneratedRegex(@"actual rows=(?<rows>\d+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ActualRows();
}
