using Dograh.Tests.Api.Workflows;
using static Dograh.Tests.Api.Workflows.GivenWorkflows;

namespace Dograh.Tests.Api.Runs;

public sealed class CompletedRunsBatchTests(ApiFixture fixture) : ApiTest(fixture)
{
    [Fact]
    public async Task Good_runs_are_stored_and_each_bad_one_says_what_is_wrong_in_order()
    {
        var (acme, workflow, path) = await GivenAsync();

        var answer = (await acme.PostAsync(
            path,
            """
            {"runs": [{"name": "first", "gathered_context": {"n": 1}}, {"gathered_context": 5, "extra": []}, 5, {"name": "fourth"}, {"name": 5},
                      {"idempotency_key": ""}, {"idempotency_key": 5}, {}, null]}
            """)).Is(207);

        Assert.Equal(["items"], answer.Names());
        Assert.Equal([202, 422, 422, 202, 422, 422, 422, 202, 422], answer.Items().Select(item => item.Number("status")));
        foreach (var item in answer.Items())
        {
            Assert.Equal(["status", "outcome", "problem"], item.Names());
            Assert.Equal(item.Number("status") == 202, item.IsNull("problem"));
            Assert.Equal(item.Number("status") != 202, item.IsNull("outcome"));
            if (item.Number("status") == 202)
            {
                Assert.Equal(["created"], item.Texts("outcome/deliveries", "outcome"));
                continue;
            }

            Assert.Equal(422, item.Number("problem/status"));
            Assert.NotEmpty(item.Text("problem/title"));
            Assert.NotEmpty(item.Text("problem/detail"));
            Assert.Matches("^[0-9a-f]{32}$", item.Text("problem/trace_id"));
        }

        Assert.Equal(["extra", "gathered_context"], answer.At("items/1/problem/errors").Names().Order(StringComparer.Ordinal));
        Assert.Equal(["idempotency_key"], answer.At("items/5/problem/errors").Names());
        Assert.Equal(["first", "fourth", "-"], await Database.ColumnAsync<string>("SELECT coalesce(name, '-') FROM workflow_runs WHERE workflow_id = $1 ORDER BY id", workflow));
        Assert.Equal("first", (await acme.GetAsync($"workflow-runs/{answer.Number("items/0/outcome/id")}")).Is(200).Text("name"));
    }

    [Fact]
    public async Task A_batch_of_bad_runs_only_stores_nothing()
    {
        var (acme, _, path) = await GivenAsync();
        var before = await Database.DumpAsync(acme.Id);

        var answer = (await acme.PostAsync(path, """{"runs": [5, {"extra": 5}]}""")).Is(207);

        Assert.Equal([422, 422], answer.Items().Select(item => item.Number("status")));
        Assert.Equal(before, await Database.DumpAsync(acme.Id));
    }

    [Fact]
    public async Task A_batch_holds_1_to_500_runs()
    {
        var (acme, _, path) = await GivenAsync();

        var most = (await acme.PostAsync(path, Batch(500))).Is(207);

        Assert.Equal(500, most.Items().Count);
        Assert.All(most.Items(), item => Assert.Equal(202, item.Number("status")));
        Assert.Equal(500, most.Items().Select(item => item.Number("outcome/id")).Distinct().Count());
        Assert.Equal(500, await Database.ScalarAsync<long>("SELECT count(*) FROM webhook_deliveries WHERE organization_id = $1", acme.Id));
        (await acme.PostAsync(path, Batch(501))).Blames("runs");
        (await acme.PostAsync(path, Batch(0))).Blames("runs");

        static string Batch(int count) => $$"""{"runs": [{{string.Join(',', Enumerable.Range(0, count).Select(i => $$"""{"name": "{{i}}"}"""))}}]}""";
    }

    [Fact]
    public async Task Runs_of_one_batch_are_in_the_order_of_the_batch()
    {
        var (acme, workflow, path) = await GivenAsync();

        var answer = (await acme.PostAsync(path, """{"runs": [{"name": "a"}, {"name": "b"}, {"name": "c"}]}""")).Is(207);

        Assert.Equal(["a", "b", "c"], await Database.ColumnAsync<string>("SELECT name FROM workflow_runs WHERE workflow_id = $1 ORDER BY id", workflow));
        Assert.Equal(answer.Items().Select(item => item.Number("outcome/id")).Order(), answer.Items().Select(item => item.Number("outcome/id")));
    }

    [Fact]
    public async Task A_runs_own_key_makes_it_once_over_many_batches()
    {
        var (acme, workflow, path) = await GivenAsync();
        var first = (await acme.PostAsync(path, """{"runs": [{"name": "a", "idempotency_key": "k1"}, {"name": "b"}]}""")).Is(207);

        var second = (await acme.PostAsync(
            path, """{"runs": [{"name": "c", "idempotency_key": "k2"}, {"name": "a", "idempotency_key": "k1"}, {"name": "other", "idempotency_key": "k1"}]}""")).Is(207);

        Assert.Equal([202, 200, 409], second.Items().Select(item => item.Number("status")));
        Assert.Equal(first.Number("items/0/outcome/id"), second.Number("items/1/outcome/id"));
        Assert.Equal(["existing"], second.Texts("items/1/outcome/deliveries", "outcome"));
        Assert.Equal(first.Text("items/0/outcome/deliveries/0/delivery_id"), second.Text("items/1/outcome/deliveries/0/delivery_id"));
        Assert.Equal(409, second.Number("items/2/problem/status"));
        Assert.Equal(["a", "b", "c"], await Database.ColumnAsync<string>("SELECT name FROM workflow_runs WHERE workflow_id = $1 ORDER BY id", workflow));
    }

    [Fact]
    public async Task A_runs_own_key_makes_it_once_however_the_path_is_spelled()
    {
        var (acme, workflow, path) = await GivenAsync();
        const string Batch = """{"runs": [{"name": "a", "idempotency_key": "k1"}]}""";

        foreach (var spelling in (string[])[path, $"{path}/", $"/API/v1/{path.ToUpperInvariant()}"]) (await acme.PostAsync(spelling, Batch)).Is(207);

        Assert.Equal(["a"], await Database.ColumnAsync<string>("SELECT name FROM workflow_runs WHERE workflow_id = $1", workflow));
    }

    [Fact]
    public async Task Twins_within_one_batch_are_one_run()
    {
        var (acme, workflow, path) = await GivenAsync();

        var answer = (await acme.PostAsync(
            path,
            """
            {"runs": [{"name": "a", "idempotency_key": "k"}, {"name": "a", "idempotency_key": "k"}, {"name": "b", "idempotency_key": "k"},
                      {"name": "a", "idempotency_key": "K"}]}
            """)).Is(207);

        Assert.Equal([202, 200, 409, 202], answer.Items().Select(item => item.Number("status")));
        Assert.Equal(answer.Number("items/0/outcome/id"), answer.Number("items/1/outcome/id"));
        Assert.Equal(["existing"], answer.Texts("items/1/outcome/deliveries", "outcome"));
        Assert.Equal(2, await Database.ScalarAsync<long>("SELECT count(*) FROM workflow_runs WHERE workflow_id = $1", workflow));
    }

    [Fact]
    public async Task A_bad_runs_key_is_not_taken_from_a_good_one()
    {
        var (acme, _, path) = await GivenAsync();

        var answer = (await acme.PostAsync(
            path, """{"runs": [{"extra": 5, "idempotency_key": "k"}, {"name": "good", "idempotency_key": "k"}, {"name": "good", "idempotency_key": "k"}]}""")).Is(207);

        Assert.Equal([422, 202, 200], answer.Items().Select(item => item.Number("status")));
    }

    [Fact]
    public async Task After_one_that_conflicts_the_first_run_of_a_key_is_still_known()
    {
        var (acme, _, path) = await GivenAsync();
        var first = (await acme.PostAsync(path, """{"runs": [{"name": "a", "idempotency_key": "k"}]}""")).Is(207);

        var second = (await acme.PostAsync(path, """{"runs": [{"name": "b", "idempotency_key": "k"}, {"name": "a", "idempotency_key": "k"}, {"name": "b", "idempotency_key": "k"}]}""")).Is(207);

        Assert.Equal([409, 200, 409], second.Items().Select(item => item.Number("status")));
        Assert.Equal(first.Number("items/0/outcome/id"), second.Number("items/1/outcome/id"));
    }

    [Fact]
    public async Task Batches_that_share_keys_and_come_at_once_make_each_run_once()
    {
        var (acme, workflow, path) = await GivenAsync();
        var keys = Enumerable.Range(0, 20).ToArray();

        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(i =>
        {
            var order = i % 2 == 0 ? keys : [.. keys.Reverse()];
            return acme.PostAsync(path, new { runs = order.Select(key => new { name = $"{key}", idempotency_key = $"{key}" }) });
        }));

        Assert.All(answers, answer => Assert.All(answer.Is(207).Items(), item => Assert.InRange(item.Number("status"), 200, 202)));
        Assert.Equal(20, answers.Sum(answer => answer.Json.Items().Count(item => item.Number("status") == 202)));
        Assert.Equal(20, await Database.ScalarAsync<long>("SELECT count(*) FROM workflow_runs WHERE workflow_id = $1", workflow));
    }

    [Fact]
    public async Task A_runs_own_key_is_kept_for_24_hours()
    {
        var (acme, _, path) = await GivenAsync();
        var first = (await acme.PostAsync(path, """{"runs": [{"name": "a", "idempotency_key": "k"}]}""")).Is(207);
        await Database.ExecuteAsync("UPDATE idempotency_keys SET created_at = created_at - interval '24 hours 1 minute' WHERE organization_id = $1", acme.Id);

        var second = (await acme.PostAsync(path, """{"runs": [{"name": "b", "idempotency_key": "k"}]}""")).Is(207);

        Assert.Equal(202, second.Number("items/0/status"));
        Assert.NotEqual(first.Number("items/0/outcome/id"), second.Number("items/0/outcome/id"));
    }

    [Theory]
    [InlineData("", 422)]
    [InlineData("a\\u0000b", 422)]
    [InlineData("ü😀", 202)]
    [InlineData(" ", 202)]
    public async Task A_runs_own_key_is_any_text(string key, int status)
    {
        var (acme, _, path) = await GivenAsync();

        var answer = (await acme.PostAsync(path, $$"""{"runs": [{"idempotency_key": "{{key}}"}, {}]}""")).Is(207);

        Assert.Equal([status, 202], answer.Items().Select(item => item.Number("status")));
    }

    [Fact]
    public async Task A_runs_own_key_has_at_most_255_characters()
    {
        var (acme, _, path) = await GivenAsync();

        var answer = (await acme.PostAsync(path, new { runs = (object[])[new { idempotency_key = new string('界', 255) }, new { idempotency_key = new string('k', 256) }] })).Is(207);

        Assert.Equal([202, 422], answer.Items().Select(item => item.Number("status")));
        Assert.Equal(["idempotency_key"], answer.At("items/1/problem/errors").Names());
    }

    [Fact]
    public async Task A_batchs_key_and_its_runs_keys_do_not_meet()
    {
        var (acme, _, path) = await GivenAsync();
        const string Body = """{"runs": [{"name": "a", "idempotency_key": "same"}]}""";

        var first = await acme.PostAsync(path, Body, "same");
        var again = await acme.PostAsync(path, Body, "same");

        Assert.Equal(202, first.Is(207).Number("items/0/status"));
        Assert.Equal((207, "true", first.Body), (again.Status, again.Header("Idempotency-Replayed"), again.Body));
    }

    [Fact]
    public async Task An_unknown_workflow_is_404_for_the_batch()
    {
        var acme = await Api.NewOrganizationAsync();

        (await acme.PostAsync("workflows/999999999/completed-runs/batch", """{"runs": [{}]}""")).IsProblem(404);
    }

    private async Task<(ApiOrganization Acme, long Workflow, string Path)> GivenAsync()
    {
        var acme = await Api.NewOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync(Webhook("a"));
        return (acme, workflow, $"workflows/{workflow}/completed-runs/batch");
    }
}
