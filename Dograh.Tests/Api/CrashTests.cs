using System.Collections.Concurrent;
using Dograh.Tests.Api.Workflows;
using Dograh.Tests.Support;
using static Dograh.Tests.Api.Workflows.GivenWorkflows;

namespace Dograh.Tests.Api;

public sealed class CrashTests(TestServers servers)
{
    /// <summary>I1: a completion that got a 2xx is in PostgreSQL, and so are its deliveries: same transaction.</summary>
    [Fact]
    public async Task Killed_while_it_takes_runs_in_it_has_lost_none_that_it_acknowledged()
    {
        await using var database = await servers.RentDatabaseAsync();
        await using var process = await ApiProcess.StartAsync(servers, ApiProcess.Settings(database.ConnectionString));
        await process.ReadyAsync();
        var acme = await process.NewOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync(Webhook("a"), Webhook("b"));
        var started = await acme.StartRunAsync(workflow);
        (await acme.PostAsync($"workflow-runs/{started}/complete")).Is(202);
        var acknowledged = new ConcurrentBag<long> { started };

        var callers = Enumerable.Range(0, 4).Select(_ => CompleteUntilItDiesAsync(acme, workflow, acknowledged)).ToList();
        await Eventually.TrueAsync(() => acknowledged.Count >= 40);
        await process.KillAsync();
        await Task.WhenAll(callers);

        var deliveries = await database.ColumnAsync<long>("SELECT workflow_run_id FROM webhook_deliveries WHERE status = 'pending'");
        foreach (var run in acknowledged) Assert.Equal(2, deliveries.Count(id => id == run));
        // What was not acknowledged is there as a whole or not at all.
        Assert.Equal(
            0, await database.ScalarAsync<long>(
                "SELECT count(*) FROM workflow_runs r WHERE 2 <> (SELECT count(*) FROM webhook_deliveries d WHERE d.workflow_run_id = r.id)"));
    }

    private static async Task CompleteUntilItDiesAsync(ApiOrganization organization, long workflow, ConcurrentBag<long> acknowledged)
    {
        while (true)
        {
            ApiAnswer answer;
            try
            {
                answer = await organization.PostAsync($"workflows/{workflow}/completed-runs", "{}");
            }
            catch (HttpRequestException)
            {
                return;
            }

            acknowledged.Add(answer.Is(202).Number("id"));
        }
    }
}
