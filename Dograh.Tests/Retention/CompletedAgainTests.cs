using Dograh.Tests.Api;
using Dograh.Tests.Api.Workflows;
using Dograh.Tests.Support;
using Dograh.Webhooks.Retention;
using Microsoft.Extensions.Options;

namespace Dograh.Tests.Retention;

/// <summary>A run that is completed again after what it had made was removed sends nothing again (I2).</summary>
public sealed class CompletedAgainTests(ApiFixture fixture) : ApiTest(fixture)
{
    [Fact]
    public async Task A_run_that_has_a_delivery_left_is_completed_and_makes_none_anew()
    {
        var acme = await Api.NewOrganizationAsync();
        var run = await acme.StartRunAsync(await acme.AddWorkflowAsync(GivenWorkflows.Webhook("gone"), GivenWorkflows.Webhook("parked")));
        await acme.CompleteAsync(run);
        await AgeAsync(acme, run);
        await Database.ExecuteAsync(
            "UPDATE webhook_deliveries SET status = 'dead_letter', delivered_at = NULL WHERE workflow_run_id = $1 AND webhook_node_id = 'parked'", run);

        await RemoveAsync();

        var again = (await acme.PostAsync($"workflow-runs/{run}/complete")).Is(200);
        Assert.Equal(["parked"], again.Texts("deliveries", "webhook_node_id"));
        Assert.Equal(["existing"], again.Texts("deliveries", "outcome"));
        Assert.Equal(1, await CountAsync(run));
    }

    [Fact]
    public async Task A_run_that_has_gone_with_its_deliveries_is_not_found_and_makes_none_anew()
    {
        var acme = await Api.NewOrganizationAsync();
        var run = await acme.StartRunAsync(await acme.AddWorkflowAsync(GivenWorkflows.Webhook()));
        await acme.CompleteAsync(run);
        await AgeAsync(acme, run);

        await RemoveAsync();

        (await acme.PostAsync($"workflow-runs/{run}/complete")).IsProblem(404);
        (await acme.GetAsync($"workflow-runs/{run}")).IsProblem(404);
        Assert.Equal(0, await CountAsync(run));
    }

    // Succeeded, 40 days ago.
    private async Task AgeAsync(ApiOrganization organization, long run)
    {
        await Database.ExecuteAsync(
            """
            UPDATE webhook_deliveries
            SET status = 'succeeded', created_at = now() - interval '40 days', updated_at = now() - interval '40 days', delivered_at = now() - interval '40 days'
            WHERE organization_id = $1 AND workflow_run_id = $2
            """,
            organization.Id, run);
        await Database.ExecuteAsync(
            "UPDATE workflow_runs SET created_at = now() - interval '40 days', completed_at = now() - interval '40 days' WHERE organization_id = $1 AND id = $2",
            organization.Id, run);
        await Database.ListDeliveriesAsync();
    }

    private Task<long> CountAsync(long run) => Database.ScalarAsync<long>("SELECT count(*) FROM webhook_deliveries WHERE workflow_run_id = $1", run);

    // The lock is the whole database's, and the class's tests share it.
    private Task RemoveAsync() => Eventually.TrueAsync(async () =>
        await new RetentionStore(Database.DataSource, Options.Create(new RetentionOptions()), TimeProvider.System).RemoveAsync(_ => { }, Token) is not null);
}
