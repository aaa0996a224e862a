using System.Diagnostics;
using System.Text.Json;

namespace Dograh.Standalone;

/// <summary>Completes a run and follows its delivery to the end.</summary>
internal sealed class DemoDelivery(PublicApi api, Terminal terminal)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    /// <exception cref="StandaloneException">The run was not taken, or its webhook could not be sent.</exception>
    public async Task FollowAsync(string workflowId, CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        var run = await api.DemandAsync(HttpMethod.Post, $"workflows/{workflowId}/completed-runs", DemoContent.CompletedRun(), cancellationToken);
        var created = run.GetProperty("deliveries")[0];
        var id = created.GetProperty("delivery_id").GetString()
            ?? throw new StandaloneException($"the run made no delivery: {created}");
        terminal.Event($"run {run.GetProperty("id")} completed, delivery {id} created");

        var told = "";
        while (true)
        {
            var delivery = await LookAsync(id, cancellationToken);
            if (delivery is { } seen)
            {
                var state = $"{Text(seen, "status")} {Text(seen, "attempt_count")}";
                if (state != told)
                {
                    told = state;
                    if (Tell(seen, watch.Elapsed))
                    {
                        return;
                    }
                }
            }

            await Task.Delay(Interval, TimeProvider.System, cancellationToken);
        }
    }

    /// <summary>Null when the API does not answer now: it may have been killed to see what happens, and comes back.</summary>
    private async Task<JsonElement?> LookAsync(string id, CancellationToken cancellationToken)
    {
        try
        {
            return await api.DemandAsync(HttpMethod.Get, $"deliveries/{id}", null, cancellationToken);
        }
        catch (StandaloneException)
        {
            return null;
        }
    }

    /// <returns>Whether this was the end.</returns>
    private bool Tell(JsonElement delivery, TimeSpan elapsed)
    {
        var attempts = Text(delivery, "attempt_count");
        switch (Text(delivery, "status"))
        {
            case "pending" when attempts == "0":
                return false; // just created, which has been told
            case "pending":
                terminal.Event($"delivery: attempt {attempts} failed ({Text(delivery, "last_status_code")}), next one {Wait(delivery)}");
                return false;
            case "succeeded":
                terminal.Event($"delivered after {attempts} attempts, in {Terminal.Seconds(elapsed)}");
                return true;
            case var ended:
                terminal.Event($"delivery: {ended} after {attempts} attempts ({Text(delivery, "last_error")})");
                return true;
        }
    }

    /// <summary>Both times are the database's, so their difference needs no clock of ours.</summary>
    private static string Wait(JsonElement delivery) =>
        delivery.TryGetProperty("scheduled_for", out var due) && due.TryGetDateTimeOffset(out var dueAt)
        && delivery.TryGetProperty("updated_at", out var updated) && updated.TryGetDateTimeOffset(out var updatedAt)
            ? $"in {Terminal.Seconds(dueAt - updatedAt)}"
            : "soon";

    private static string Text(JsonElement delivery, string name) =>
        delivery.TryGetProperty(name, out var value) ? value.ToString() : "";
}
