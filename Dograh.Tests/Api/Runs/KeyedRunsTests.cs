using System.Text.Json.Nodes;
using Dograh.Tests.Api.Workflows;
using Dograh.Tests.Support;
using static Dograh.Tests.Api.Workflows.GivenWorkflows;

namespace Dograh.Tests.Api.Runs;

/// <summary>Completed runs with an <c>Idempotency-Key</c> that come at the same time: they share transactions, and each key is answered once.</summary>
public sealed class KeyedRunsTests(TestServers servers) : IAsyncLifetime
{
    private TestDatabase _database = null!;
    private TestRedis _redis = null!;
    private ApiHost _api = null!;
    private ApiOrganization _acme = null!;
    private string _path = "";

    public async ValueTask InitializeAsync()
    {
        _database = await servers.RentDatabaseAsync();
        _redis = await servers.RentRedisAsync();
        _api = await ApiHost.StartAsync(_database, _redis.ConnectionString);
        _acme = await _api.NewOrganizationAsync();
        _path = $"workflows/{await _acme.AddWorkflowAsync(Webhook())}/completed-runs";
    }

    public async ValueTask DisposeAsync()
    {
        await _api.DisposeAsync();
        await _redis.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Fact]
    public async Task Those_that_come_at_once_share_transactions()
    {
        Task<ApiAnswer[]> answers;
        await using (await HeldTransaction.BeginAsync(_database, "LOCK TABLE workflow_runs IN SHARE ROW EXCLUSIVE MODE"))
        {
            answers = Task.WhenAll(Enumerable.Range(0, 40).Select(n => _acme.PostAsync(_path, "{}", $"{n}")));
            await UntilWaitingAsync(1);
        }

        Assert.All(await answers.Soon(), answer => answer.Is(202));
        Assert.Equal(40, await CountAsync("SELECT count(DISTINCT id) FROM workflow_runs"));
        // Each transaction has one time of its own.
        Assert.InRange(await CountAsync("SELECT count(DISTINCT created_at) FROM idempotency_keys"), 1, 20);
    }

    [Fact]
    public async Task Of_those_that_render_to_much_few_share_one()
    {
        var template = new JsonObject { ["t"] = string.Concat(Enumerable.Repeat("{{gathered_context.x}}", 100)) };
        var path = $"workflows/{await _acme.AddWorkflowAsync(Webhook("large", ("payload_template", template)))}/completed-runs";
        var run = $$$"""{"gathered_context": {"x": "{{{new string('x', 40_000)}}}"}}""";
        Task<ApiAnswer[]> answers;
        await using (await HeldTransaction.BeginAsync(_database, "LOCK TABLE workflow_runs IN SHARE ROW EXCLUSIVE MODE"))
        {
            answers = Task.WhenAll(Enumerable.Range(0, 8).Select(n => _acme.PostAsync(path, run, $"large {n}")));
            await UntilWaitingAsync(1);
        }

        Assert.All(await answers.Soon(), answer => answer.Is(202));
        // Four million characters each, of eight that are written at a time.
        Assert.InRange(await CountAsync("SELECT count(DISTINCT created_at) FROM idempotency_keys WHERE key LIKE 'large%'"), 4, 8);
        Assert.Equal(8, await CountAsync("SELECT count(*) FROM webhook_deliveries WHERE octet_length(payload) > 4000000"));
    }

    [Fact]
    public async Task The_next_group_begins_while_PostgreSQL_writes_the_last()
    {
        Task<ApiAnswer> first;
        Task<ApiAnswer> next;
        await using (await HeldTransaction.BeginAsync(_database, "LOCK TABLE workflow_runs IN SHARE ROW EXCLUSIVE MODE"))
        {
            first = _acme.PostAsync(_path, "{}", "first");
            await UntilWaitingAsync(1);
            next = _acme.PostAsync(_path, "{}", "next");
            await UntilWaitingAsync(2);
        }

        (await first.Soon()).Is(202);
        (await next.Soon()).Is(202);
    }

    [Fact]
    public async Task Whatever_comes_to_two_APIs_at_once_is_stored_once_and_answered_alike()
    {
        await using var second = await ApiHost.StartAsync(_database, _redis.ConnectionString);
        ApiCaller[] callers = [_acme, second.WithKey(_acme.Key)];
        var keys = Enumerable.Range(0, 60).Select(n => $"{n}").ToList();

        var keyed = Task.WhenAll(keys.Select(async key => (Key: key, Answers: await Task.WhenAll(callers.Concat(callers).Select(caller => caller.PostAsync(_path, "{}", key))))));
        var others = Task.WhenAll(keys.Select((_, n) => callers[n % 2].PostAsync(_path, """{"name": "without"}""")));

        foreach (var (key, answers) in await keyed.Soon())
        {
            Assert.All(answers, answer => answer.Is(202));
            Assert.True(answers.Select(answer => answer.Body).Distinct().Count() == 1, $"{key} was answered differently");
            Assert.Single(answers, answer => answer.Header("Idempotency-Replayed") is null);
        }

        Assert.All(await others.Soon(), answer => answer.Is(202));
        Assert.Equal((60, 60), (await CountAsync("SELECT count(*) FROM workflow_runs WHERE name IS NULL"), await CountAsync("SELECT count(*) FROM workflow_runs WHERE name = 'without'")));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_key_that_another_transaction_holds_is_waited_for_and_its_outcome_counts(bool commits)
    {
        Task<ApiAnswer> answer;
        Task<ApiAnswer> neighbour;
        await using (var other = await HeldTransaction.BeginAsync(
            _database,
            $$"""
            INSERT INTO idempotency_keys (organization_id, path, key, request_hash, status_code, response_body)
            VALUES ({{_acme.Id}}, '/api/v1/{{_path}}', 'the key', sha256('{}'), 202, '{"first": true}')
            """))
        {
            answer = _acme.PostAsync(_path, "{}", "the key");
            await UntilWaitingAsync(1);
            neighbour = _acme.PostAsync(_path, "{}", "another");
            if (commits) await other.CommitAsync();
        }

        var outcome = (await answer.Soon()).Is(202);
        Assert.Equal(commits, outcome.Names().Contains("first"));
        Assert.Equal(commits ? "true" : null, (await answer).Header("Idempotency-Replayed"));
        Assert.Null((await neighbour.Soon()).Header("Idempotency-Replayed"));
        Assert.Equal(commits ? 1 : 2, await CountAsync("SELECT count(*) FROM workflow_runs"));
    }

    [Fact]
    public async Task Twins_of_another_meaning_conflict_with_the_one_that_came_first()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(n => _acme.PostAsync(_path, $$"""{"name": "{{n % 2}}"}""", "the key"))).Soon();

        var stored = await _database.ScalarAsync<string>("SELECT name FROM workflow_runs");
        Assert.All(answers, (answer, n) => Assert.Equal($"{n % 2}" == stored ? 202 : 409, answer.Status));
        Assert.Single(answers, answer => answer.Status == 202 && answer.Header("Idempotency-Replayed") is null);
    }

    [Fact]
    public async Task A_key_that_is_over_its_time_is_free_and_its_twins_make_one_run()
    {
        var first = (await _acme.PostAsync(_path, """{"name": "first"}""", "the key")).Is(202).Number("id");
        await _database.ExecuteAsync("UPDATE idempotency_keys SET created_at = created_at - interval '24 hours 1 minute'");

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(n => _acme.PostAsync(_path, """{"name": "second"}""", n < 6 ? "the key" : $"{n}"))).Soon();

        var ids = answers.Select(answer => answer.Is(202).Number("id")).ToList();
        Assert.Equal(3, ids.Distinct().Count());
        Assert.DoesNotContain(first, ids);
        Assert.Equal(ids[0], (await _acme.PostAsync(_path, """{"name": "second"}""", "the key")).Is(202).Number("id"));
    }

    [Fact]
    public async Task What_is_refused_leaves_its_key_free_and_what_was_stored_is_answered_whatever_is_refused_now()
    {
        (await _acme.PostAsync(_path, "{}", "stored")).Is(202);
        await QuotaAsync(pending: 1);

        (await _acme.PostAsync(_path, "{}", "refused")).IsProblem(429);
        (await _acme.PostAsync("workflows/999999999/completed-runs", "{}", "refused")).IsProblem(404);
        Assert.Equal("true", (await _acme.PostAsync(_path, "{}", "stored")).Header("Idempotency-Replayed"));
        Assert.Equal(1, await CountAsync("SELECT count(*) FROM idempotency_keys"));

        await QuotaAsync(pending: 100);
        Assert.Null((await _acme.PostAsync(_path, "{}", "refused")).Header("Idempotency-Replayed"));
        Assert.Equal(2, await CountAsync("SELECT count(*) FROM workflow_runs"));
    }

    [Fact]
    public async Task A_key_that_is_gone_is_answered_nothing_that_was_stored()
    {
        var reader = (await _acme.PostAsync("api-keys", """{"name": "reader", "scopes": ["runs:read"]}""")).Is(201);
        var writer = (await _acme.PostAsync("api-keys", """{"name": "writer"}""")).Is(201);
        var caller = _api.WithKey(writer.Text("api_key"));
        (await caller.PostAsync(_path, "{}", "the key")).Is(202);

        (await _acme.DeleteAsync($"api-keys/{writer.Text("id")}")).Is(204);

        (await caller.PostAsync(_path, "{}", "the key")).IsProblem(401);
        (await caller.PostAsync(_path, "{}", "another")).IsProblem(401);
        (await _api.WithKey(reader.Text("api_key")).PostAsync(_path, "{}", "the key")).IsProblem(403);
        Assert.Equal(1, await CountAsync("SELECT count(*) FROM workflow_runs"));
    }

    [Fact]
    public async Task The_operator_and_the_organization_share_its_keys()
    {
        var operators = _api.ActingFor(_acme);

        var first = await _acme.PostAsync(_path, "{}", "one");
        var second = await operators.PostAsync(_path, "{}", "two");

        await RepeatsAsync(first, operators, "one");
        await RepeatsAsync(second, _acme, "two");

        async Task RepeatsAsync(ApiAnswer before, ApiCaller caller, string key)
        {
            var again = await caller.PostAsync(_path, "{}", key);
            Assert.Equal((before.Is(202).ToString(), "true"), (again.Is(202).ToString(), again.Header("Idempotency-Replayed")));
        }
    }

    private async Task QuotaAsync(int pending) => (await _api.Admin.PutAsync($"organizations/{_acme.Id}/quotas", new { pending_deliveries = pending })).Is(200);

    private Task<long> CountAsync(string sql) => _database.ScalarAsync<long>(sql);

    private Task UntilWaitingAsync(int count) =>
        Eventually.TrueAsync(async () => await HeldTransaction.CountWaitingAsync(_database) >= count, described: $"{count} wait for a lock");
}
