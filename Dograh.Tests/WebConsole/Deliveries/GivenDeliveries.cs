using Dograh.Tests.Scenarios;
using Dograh.Tests.Support;

namespace Dograh.Tests.WebConsole.Deliveries;

/// <summary>Deliveries of an organization of the console's, written straight into its database. What is pending there is not due while a test looks at it.</summary>
internal static class GivenDeliveries
{
    /// <summary>A run to add deliveries to.</summary>
    public static async Task<ARun> AddRunAsync(this RunningConsole console, StackCaller caller) =>
        await console.Database.AddRunAsync((await caller.GetAsync("me")).GetProperty("organization").GetProperty("id").GetInt64());

    /// <summary>A delivery that is not due.</summary>
    public static DeliveryBuilder Waiting(this ARun run) => Given.ADelivery().Of(run).DueIn(TimeSpan.FromHours(1));

    /// <summary>The public id of the only delivery, or of the last one added.</summary>
    public static Task<Guid> LastIdAsync(this RunningConsole console, ARun run) =>
        console.Database.ScalarAsync<Guid>("SELECT delivery_uuid FROM webhook_deliveries WHERE organization_id = $1 ORDER BY id DESC LIMIT 1", run.OrganizationId);

    /// <summary>How many of an organization's deliveries are in a state.</summary>
    public static Task<long> CountAsync(this RunningConsole console, ARun run, string status) =>
        console.Database.ScalarAsync<long>($"SELECT count(*) FROM webhook_deliveries WHERE organization_id = $1 AND status = '{status}'", run.OrganizationId);
}
