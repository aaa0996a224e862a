using System.Data.Common;
using System.Reflection;
using System.Text.RegularExpressions;
using Dograh.Api.Access;
using Dograh.Tests.Api.Workflows;
using Dograh.Tests.Support;
using Dograh.Webhooks.Data;
using Dograh.Webhooks.Data.Sql;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Npgsql;
using static Dograh.Tests.Api.Workflows.GivenWorkflows;

namespace Dograh.Tests.Api.Access;

/// <summary>I10 once more, without the code: where a query forgets to say whose rows it wants, PostgreSQL lets the caller's own through and nobody else's.</summary>
public sealed partial class TenantWallTests(TestServers servers) : IAsyncLifetime
{
    // What carries an organization, and the organizations themselves.
    private const string TablesSql =
        """
        SELECT c.relname::text FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
          AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'organization_id' AND NOT a.attisdropped)
        ORDER BY 1
        """;

    private const string OAuthTokenSql =
        "INSERT INTO oauth_tokens (organization_id, credential_uuid, credential_hash) SELECT organization_id, uuid, '\\x00' FROM external_credentials WHERE organization_id = $1";

    private readonly WithoutFilters _withoutFilters = new();
    private ApiHost _api = null!;
    private ApiOrganization _acme = null!;
    private ApiOrganization _stranger = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private TestDatabase Database => _api.Database;

    private TenantDatabase Tenants => _api.Services.GetRequiredService<TenantDatabase>();

    public async ValueTask InitializeAsync()
    {
        _api = await ApiHost.StartAsync(servers, services => services.Replace(ServiceDescriptor.Singleton(provider =>
            new TenantDatabase(provider.GetRequiredService<IConfiguration>().GetConnectionString("dograhdb")!, provider, _withoutFilters))));
        _acme = await AddOneOfEachAsync("Acme");
        _stranger = await AddOneOfEachAsync("Stranger");
    }

    public async ValueTask DisposeAsync() => await _api.DisposeAsync();

    [Fact]
    public async Task Every_table_that_carries_an_organization_is_behind_the_wall()
    {
        var tables = await Database.ColumnAsync<string>(TablesSql);
        var walled = await Database.ColumnAsync<string>(
            """
            SELECT c.relname::text FROM pg_class c JOIN pg_policy p ON p.polrelid = c.oid
            WHERE c.relrowsecurity AND NOT p.polpermissive AND p.polcmd = '*' AND p.polwithcheck IS NOT NULL AND p.polroles = ARRAY['dograh_tenant'::regrole::oid]
            ORDER BY 1
            """);

        Assert.Contains("webhook_deliveries", tables);
        Assert.Equal(tables.Append("organizations").Order(StringComparer.Ordinal), walled.Order(StringComparer.Ordinal));
        Assert.True(await TenantWall.IsUpAsync(await OpenAsync(_acme), Token));
        // The one with nothing of a tenant's.
        Assert.False(await Database.ScalarAsync<bool>("SELECT has_table_privilege('dograh_tenant', 'data_protection_keys', 'SELECT')"));
    }

    [Fact]
    public async Task A_query_without_any_filter_reads_the_callers_own_rows_of_every_table()
    {
        await using var connection = await OpenAsync(_stranger);
        foreach (var table in await Database.ColumnAsync<string>(TablesSql))
        {
            var all = await Database.ColumnAsync<long>($"SELECT organization_id FROM {table}");
            Assert.True(all.Contains(_acme.Id) && all.Contains(_stranger.Id), $"There is nothing of both organizations in {table}: teach this test to add it.");

            var seen = await ColumnAsync(connection, $"SELECT organization_id FROM {table}");

            Assert.Equal(all.Where(id => id == _stranger.Id), seen);
        }

        Assert.Equal([_stranger.Id], await ColumnAsync(connection, "SELECT id FROM organizations"));
    }

    [Fact]
    public async Task Without_an_organization_there_are_no_rows()
    {
        await using var connection = await Tenants.DataSource.OpenConnectionAsync(Token);
        foreach (var set in (string[])["RESET dograh.organization_id", "SET dograh.organization_id = ''"])
        {
            await ExecuteAsync(connection, $"SET ROLE dograh_tenant; {set}");
            foreach (var table in await Database.ColumnAsync<string>(TablesSql)) Assert.Empty(await ColumnAsync(connection, $"SELECT organization_id FROM {table}"));
            Assert.Empty(await ColumnAsync(connection, "SELECT id FROM organizations"));
        }
    }

    [Fact]
    public async Task Nothing_is_written_into_another_organization()
    {
        await using var connection = await OpenAsync(_stranger);
        foreach (var table in await Database.ColumnAsync<string>(TablesSql))
        {
            var row = await Database.ScalarAsync<string>($"SELECT to_jsonb(t)::text FROM {table} t WHERE organization_id = $1 LIMIT 1", _acme.Id);

            await RefusedAsync(connection, $"INSERT INTO {table} SELECT * FROM jsonb_populate_record(NULL::{table}, '{row.Replace("'", "''", StringComparison.Ordinal)}')");
            await RefusedAsync(connection, $"UPDATE {table} SET organization_id = {_acme.Id}");
            await TouchesNothingAsync(connection, $"DELETE FROM {table} WHERE organization_id = {_acme.Id}");
            await TouchesNothingAsync(connection, $"UPDATE {table} SET organization_id = {_stranger.Id} WHERE organization_id = {_acme.Id}");
        }

        await TouchesNothingAsync(connection, $"UPDATE organizations SET name = 'mine' WHERE id = {_acme.Id}");
    }

    [Fact]
    public async Task The_audit_log_is_only_ever_added_to()
    {
        await using var connection = await OpenAsync(_acme);

        await RefusedAsync(connection, "UPDATE audit_events SET details = '{}'");
        await RefusedAsync(connection, "DELETE FROM audit_events");
        await RefusedAsync(connection, "TRUNCATE audit_events");
        await RefusedAsync(connection, "UPDATE organization_quotas SET pending_deliveries = 0");
        Assert.NotEmpty(await ColumnAsync(connection, "SELECT organization_id FROM audit_events"));
    }

    // Not a copy of them: the statements of the very requests, without the part that says whose rows they are for.
    [Fact]
    public async Task The_APIs_own_queries_without_their_filters_show_and_change_nothing_of_anothers()
    {
        var before = await Database.DumpAsync(_acme.Id);
        _withoutFilters.IsOn = true;
        foreach (var route in _api.Routes.Where(route => route is { HasId: false, Method: "GET", IsFile: false } && route.Policies[0] == Policies.Organization))
        {
            _withoutFilters.Removed = 0;
            var answer = (await _stranger.GetAsync(route.With(""))).Is(200);

            // Figures have filters of their own shape, held below; the other tells what no organization has made.
            Assert.True(
                _withoutFilters.Removed > 0 || route.Pattern.Contains("/stats", StringComparison.Ordinal) || route.Pattern.EndsWith("/context-variables", StringComparison.Ordinal)
                || route.Pattern.EndsWith("/dead-letters", StringComparison.Ordinal),
                $"{route} has no filter to remove.");
            // The operator who acts for an organization is behind the same wall.
            Assert.Equal(answer.ToString(), (await _api.ActingFor(_stranger).GetAsync(route.With(""))).Is(200).ToString());
            _withoutFilters.IsOn = false;
            Assert.Equal((await _stranger.GetAsync(route.With(""))).Is(200).ToString(), answer.ToString());
            _withoutFilters.IsOn = true;
        }

        foreach (var id in await Database.ColumnAsync<Guid>("SELECT uuid FROM external_credentials WHERE organization_id = $1", _acme.Id))
        {
            (await _stranger.GetAsync($"credentials/{id}")).IsProblem(404);
            (await _stranger.PutAsync($"credentials/{id}", new { name = "mine" })).IsProblem(404);
            (await _stranger.DeleteAsync($"credentials/{id}")).IsProblem(404);
        }

        foreach (var id in await Database.ColumnAsync<Guid>("SELECT id FROM request_bins WHERE organization_id = $1", _acme.Id))
        {
            (await _stranger.GetAsync($"bins/{id}")).IsProblem(404);
            (await _stranger.GetAsync($"bins/{id}/requests")).IsProblem(404);
            (await _stranger.PutAsync($"bins/{id}", new { name = "mine" })).IsProblem(404);
            (await _stranger.DeleteAsync($"bins/{id}/requests")).IsProblem(404);
            (await _stranger.DeleteAsync($"bins/{id}")).IsProblem(404);
        }

        foreach (var id in await Database.ColumnAsync<Guid>("SELECT id FROM api_keys WHERE organization_id = $1", _acme.Id)) (await _stranger.DeleteAsync($"api-keys/{id}")).IsProblem(404);
        foreach (var id in await Database.ColumnAsync<Guid>("SELECT id FROM signing_secrets WHERE organization_id = $1", _acme.Id)) (await _stranger.GetAsync($"signing-secrets/{id}/secret")).IsProblem(404);
        foreach (var id in await Database.ColumnAsync<Guid>("SELECT delivery_uuid FROM webhook_deliveries WHERE organization_id = $1", _acme.Id))
        {
            (await _stranger.GetAsync($"deliveries/{id}")).IsProblem(404);
            (await _stranger.PostAsync($"deliveries/{id}/cancel")).IsProblem(404);
            (await _stranger.PostAsync($"deliveries/{id}/replay")).IsProblem(404);
        }

        (await _stranger.PostAsync("deliveries/replay", new { status = "cancelled" })).Is(202).Matches("""{"matched": 1, "replayed": 1}""");
        Assert.Equal(before, await Database.DumpAsync(_acme.Id));
    }

    [Fact]
    public async Task The_statistics_without_their_filter_are_the_callers_own()
    {
        await using var connection = await OpenAsync(_stranger);
        await using var command = new NpgsqlCommand(ReadStats.DeliveriesSql.Replace("l.organization_id = $1 AND", "$1::bigint IS NOT NULL AND", StringComparison.Ordinal), connection)
        {
            Parameters = { new() { Value = _acme.Id }, new() { Value = TimeSpan.FromHours(1) } },
        };
        await using var reader = await command.ExecuteReaderAsync(Token);
        await reader.ReadAsync(Token);

        Assert.Equal((0L, 1L), (reader.GetInt64(0), reader.GetInt64(3)));
        Assert.Equal(2, await Database.ScalarAsync<long>("SELECT count(*) FROM webhook_deliveries WHERE status = 'cancelled'"));
    }

    [Fact]
    public async Task Dead_letters_of_another_organization_are_in_no_group()
    {
        await Database.ExecuteAsync("UPDATE webhook_deliveries SET status = 'dead_letter', last_status_code = CASE WHEN id % 2 = 0 THEN 500 END");
        await using var connection = await OpenAsync(_stranger);

        Assert.Empty(await FindDeadLetters.FindAnsweredAsync(connection, _acme.Id, 10, Token));
        Assert.Empty(await FindDeadLetters.FindUnansweredAsync(connection, _acme.Id, 10, Token));
        Assert.Empty(await FindDeadLetters.CountAsync(connection, _acme.Id, [("receiver.example", 500)], 10, Token));
        Assert.Equal(1, (await _stranger.GetAsync("dead-letters")).Is(200).Items().Sum(group => group.Number("count")));
        Assert.Equal(2, (await _stranger.GetAsync("deliveries/export?format=csv")).Body.Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Fact]
    public async Task The_figures_of_another_organization_are_empty()
    {
        await using var connection = await OpenAsync(_stranger);
        var now = TimeProvider.System.GetUtcNow();

        var theirs = await ReadTimeline.ExecuteAsync(connection, _acme.Id, now.AddHours(-1), now.AddHours(1), TimeSpan.FromMinutes(1), 30, Token);
        var own = await ReadTimeline.ExecuteAsync(connection, _stranger.Id, now.AddHours(-1), now.AddHours(1), TimeSpan.FromMinutes(1), 30, Token);

        Assert.Empty(theirs);
        Assert.Equal((1, 1), (own.Values.Sum(bucket => bucket.Deliveries.Cancelled), own.Values.Sum(bucket => bucket.Attempts)));
        await Database.ExecuteAsync("UPDATE webhook_deliveries SET status = 'dead_letter'");
        Assert.Equal([0, 1], (await ReadBacklog.ExecuteAsync(connection, [_acme.Id, _stranger.Id], Token)).OrderBy(x => x.Key == _stranger.Id).Select(x => x.Value.DeadLetters));
    }

    // A connection is used for one organization after another.
    [Fact]
    public async Task Organizations_that_call_at_once_each_see_their_own()
    {
        var callers = Enumerable.Range(0, 200).Select(async n =>
        {
            var caller = n % 2 == 0 ? _acme : _stranger;
            var expected = n % 2 == 0 ? "Acme" : "Stranger";
            Assert.Equal([expected], (await caller.GetAsync("workflows")).Is(200).Texts("items", "name"));
        });

        await Task.WhenAll(callers);
    }

    [Fact]
    public void No_path_of_an_organization_asks_the_database_as_its_owner()
    {
        Type[] owners = [typeof(DograhDbContext), typeof(NpgsqlDataSource), typeof(NpgsqlConnection), typeof(IDbContextFactory<DograhDbContext>)];
        var handlers = _api.Services.GetRequiredService<EndpointDataSource>().Endpoints
            .Where(endpoint => endpoint.Metadata.GetMetadata<RequiredScope>() is not null).Select(endpoint => endpoint.Metadata.GetRequiredMetadata<MethodInfo>()).ToList();

        Assert.NotEmpty(handlers);
        Assert.All(handlers, handler => Assert.DoesNotContain(handler.GetParameters(), parameter => owners.Contains(parameter.ParameterType)));
    }

    private async Task<ApiOrganization> AddOneOfEachAsync(string name)
    {
        var organization = await _api.NewOrganizationAsync(name);
        (await organization.PostAsync("credentials", new { name, credential_type = "none" }, idempotencyKey: "a key")).Is(201);
        (await organization.PostAsync("signing-secrets", new { algorithm = "v1a" })).Is(201);
        var bin = (await organization.PostAsync("bins", new { name })).Is(201).Text("id");
        Assert.Equal(200, (await organization.PostAsync($"/bin/{bin}", "what it got")).Status);
        var workflow = (await organization.PostAsync("workflows", Named(name, Webhook()))).Is(201).Number("id");
        var delivery = (await organization.StoreRunAsync(workflow)).Text("deliveries/0/delivery_id");
        (await organization.PostAsync($"deliveries/{delivery}/cancel")).Is(202);
        (await _api.Admin.PutAsync($"organizations/{organization.Id}/quotas", new { pending_deliveries = 1000 })).Is(200);
        await Database.ExecuteAsync(
            """
            INSERT INTO webhook_delivery_attempts (organization_id, delivery_id, number, started_at, duration_ms, worker)
            SELECT organization_id, id, 1, now(), 1, 'w' FROM webhook_deliveries WHERE organization_id = $1
            """,
            organization.Id);
        await Database.ExecuteAsync("UPDATE webhook_deliveries SET attempt_count = 1 WHERE organization_id = $1", organization.Id);
        await Database.ExecuteAsync(OAuthTokenSql, organization.Id);
        return organization;
    }

    private Task<NpgsqlConnection> OpenAsync(ApiOrganization organization) => Tenants.OpenAsync(organization.Id, Token);

    private static async Task RefusedAsync(NpgsqlConnection connection, string sql)
    {
        var refusal = await Assert.ThrowsAsync<PostgresException>(() => ExecuteAsync(connection, sql));
        Assert.True(refusal.SqlState == PostgresErrorCodes.InsufficientPrivilege, $"{sql}: {refusal.Message}");
    }

    private static async Task TouchesNothingAsync(NpgsqlConnection connection, string sql)
    {
        try
        {
            Assert.Equal(0, await ExecuteAsync(connection, sql));
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            // It may not even try.
        }
    }

    private static async Task<int> ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteNonQueryAsync(Token);
    }

    private static async Task<IReadOnlyList<long>> ColumnAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync(Token);
        var values = new List<long>();
        while (await reader.ReadAsync(Token)) values.Add(reader.GetInt64(0));
        return values;
    }

    // Takes "organization_id = @caller" out of what EF Core is about to ask.
    private sealed partial class WithoutFilters : DbCommandInterceptor
    {
        public bool IsOn { get; set; }

        public int Removed { get; set; }

        public override ValueTask<InterceptionResult<DbDataReader>> ReaderExecutingAsync(
            DbCommand command, CommandEventData eventData, InterceptionResult<DbDataReader> result, CancellationToken cancellationToken = default)
        {
            Remove(command);
            return base.ReaderExecutingAsync(command, eventData, result, cancellationToken);
        }

        public override ValueTask<InterceptionResult<int>> NonQueryExecutingAsync(
            DbCommand command, CommandEventData eventData, InterceptionResult<int> result, CancellationToken cancellationToken = default)
        {
            Remove(command);
            return base.NonQueryExecutingAsync(command, eventData, result, cancellationToken);
        }

        private void Remove(DbCommand command)
        {
            if (!IsOn) return;
            command.CommandText = Filter().Replace(command.CommandText, _ =>
            {
                Removed++;
                return "true";
            });
        }

        [GeneratedRegex(@"\b(\w+\.)?organization_id = @\w+", RegexOptions.ExplicitCapture, 1000)]
        private static partial Regex Filter();
    }
}
