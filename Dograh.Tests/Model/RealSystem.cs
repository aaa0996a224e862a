using System.Text.Json;
using System.Text.Json.Nodes;
using Dograh.Tests.Api;
using Dograh.Tests.Api.Workflows;
using Dograh.Webhooks.Deliveries;
using Npgsql;

namespace Dograh.Tests.Model;

/// <summary>The product, driven as its workers and its clients drive it: the store by claims and outcomes, the API by HTTP.</summary>
/// <remarks>One test at a time has it; others have others over the same database and API, and organizations of their own.</remarks>
internal sealed class RealSystem
{
    private readonly ApiHost _api;
    private readonly ApiOrganization[] _owners;
    private readonly long[] _workflows;
    private readonly long[] _organizations;
    private readonly Lock _lock = new();
    private readonly List<HeldClaim>[] _held = [.. Enumerable.Range(0, Slots.Workers).Select(_ => new List<HeldClaim>())];
    private readonly KnownDelivery?[] _known = new KnownDelivery?[Slots.Count];
    private long[] _runs = [];
    private long _moment;

    private RealSystem(ApiHost api, ApiOrganization[] owners, long[] workflows)
    {
        _api = api;
        _owners = owners;
        _workflows = workflows;
        _organizations = [.. owners.Select(owner => owner.Id)];
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private DeliveryStore Store => _api.Database.Store;

    /// <summary>Makes one, with organizations of its own.</summary>
    public static async Task<RealSystem> CreateAsync(ApiHost api)
    {
        var owners = new List<ApiOrganization>();
        var workflows = new List<long>();
        for (var i = 0; i < Slots.Organizations; i++)
        {
            var owner = await api.NewOrganizationAsync();
            owners.Add(owner);
            workflows.Add(await owner.AddWorkflowAsync([.. Slots.AttemptsOfNode.Select((attempts, n) => Node($"node-{n}", attempts))]));
        }

        return new RealSystem(api, [.. owners], [.. workflows]);
    }

    /// <summary>Forgets the test before, and starts a run of each organization.</summary>
    public async Task ResetAsync()
    {
        await _api.Database.ExecuteAsync("DELETE FROM workflow_runs WHERE organization_id = ANY ($1)", _organizations);
        _runs = [.. await Task.WhenAll(_owners.Select((owner, i) => owner.StartRunAsync(_workflows[i])))];
        Array.Clear(_known);
        foreach (var held in _held) held.Clear();
        _moment = 0;
    }

    /// <summary>All rows as they are now, by slot; null where there is none.</summary>
    public async Task<ObservedDelivery?[]> ObserveAsync()
    {
        var slots = new ObservedDelivery?[Slots.Count];
        foreach (var row in await ObservedDelivery.ReadAsync(_api.Database, _organizations, Token))
        {
            var owner = Array.IndexOf(_organizations, row.Key.OrganizationId);
            Assert.Equal(_runs[owner], row.RunId);
            var slot = (owner * Slots.NodesPerRun) + int.Parse(row.Node["node-".Length..]);
            Assert.True(slots[slot] is null, $"There are two deliveries of run {row.RunId} and {row.Node}.");
            slots[slot] = row;
        }

        return slots;
    }

    /// <summary>Does what is asked, and says what came of it for each delivery that it was about.</summary>
    /// <param name="operation">Any but a bulk replay.</param>
    /// <param name="pageSize">How many due deliveries are read at a time.</param>
    public Task<IReadOnlyList<Happening>> ExecuteAsync(Operation operation, int pageSize) => operation switch
    {
        Operation.CompleteRun complete => CompleteAsync(complete.Owner),
        Operation.PassTime pass => PassAsync(pass.Units),
        Operation.ClaimSome claim => ClaimAsync(claim.Worker, [.. Enumerable.Range(0, Slots.Count).Where(slot => (claim.SlotBits & (1 << slot)) != 0)]),
        Operation.ClaimDue claim => ClaimDueAsync(claim.Worker, pageSize),
        Operation.Tell tell => TellAsync(tell.Worker, tell.Outcome, [.. Held(tell.Worker).Reverse().Skip(tell.Ago).Take(1)]),
        Operation.TellAll tell => TellAsync(tell.Worker, tell.Outcome, [.. Held(tell.Worker).Reverse().DistinctBy(held => held.Slot)]),
        Operation.Replay replay => PostAsync(replay.Slot, "replay", new DeliveryEvent.Replayed()),
        Operation.Cancel cancel => PostAsync(cancel.Slot, "cancel", new DeliveryEvent.Cancelled()),
        Operation.Trespass trespass => PostAsync(trespass.Slot, trespass.What, new DeliveryEvent.OfAStranger(trespass.What)),
        _ => throw new ArgumentOutOfRangeException(nameof(operation), operation, message: null),
    };

    /// <summary>Replays all of an organization's deliveries that are in a state.</summary>
    public async Task<int> ReplayAllAsync(int owner, DeliveryStatus status)
    {
        var name = JsonNamingPolicy.SnakeCaseLower.ConvertName(status.ToString());
        var answer = (await _owners[owner].PostAsync("deliveries/replay", new { status = name })).Is(202);
        Assert.Equal(answer.Number("matched"), answer.Number("replayed"));
        return (int)answer.Number("replayed");
    }

    private static JsonObject Node(string id, int attempts) => GivenWorkflows.Webhook(id, ("retry_config", new JsonObject
    {
        ["max_attempts"] = attempts,
        ["base_delay_seconds"] = ModelTime.UnitSeconds,
        ["max_delay_seconds"] = ModelTime.UnitSeconds * ModelTime.MaxBackoff,
        ["timeout_seconds"] = ModelTime.TimeoutSeconds,
    }));

    private async Task<IReadOnlyList<Happening>> CompleteAsync(int owner)
    {
        var asked = Now();
        var answer = await _owners[owner].PostAsync($"workflow-runs/{_runs[owner]}/complete");
        var told = Now();
        Assert.True(answer.Status is 200 or 202, answer.Body);
        var deliveries = answer.Json.Items("deliveries");
        Assert.Equal(Slots.NodesPerRun, deliveries.Count);
        var ids = await _api.Database.ColumnAsync<long>(
            "SELECT id FROM webhook_deliveries WHERE organization_id = $1 AND workflow_run_id = $2 ORDER BY id", _organizations[owner], _runs[owner]);
        var happenings = new List<Happening>();
        foreach (var (slot, n) in Slots.Of(owner).Select((slot, n) => (slot, n)))
        {
            var known = new KnownDelivery(new DeliveryKey(_organizations[owner], ids[n]), deliveries[n].Uuid("delivery_id"));
            lock (_lock)
            {
                // I2: whoever completes the run again is told of the same delivery.
                Assert.Equal(_known[slot] ?? known, known);
                _known[slot] = known;
            }

            happenings.Add(new Happening(slot, new DeliveryEvent.Created(Slots.AttemptsOfNode[n]), deliveries[n].Text("outcome"), asked, told));
        }

        return happenings;
    }

    // Every stored time: see ModelTime.
    private async Task<IReadOnlyList<Happening>> PassAsync(int units)
    {
        var known = Known();
        var asked = Now();
        // It locks rows as they lie and not by their keys, and so may be chosen to end a deadlock with a batch: PostgreSQL has undone it all then.
        while (!await TryMoveTimesAsync(units)) Token.ThrowIfCancellationRequested();
        var told = Now();
        return [.. known.Select(x => new Happening(x.Slot, new DeliveryEvent.Passed(units), "", asked, told))];
    }

    private async Task<bool> TryMoveTimesAsync(int units)
    {
        try
        {
            await _api.Database.ExecuteAsync(
                """
                WITH deliveries AS (
                    UPDATE webhook_deliveries
                    SET scheduled_for = scheduled_for - $2, created_at = created_at - $2, updated_at = updated_at - $2, delivered_at = delivered_at - $2,
                        replayed_at = replayed_at - $2
                    WHERE organization_id = ANY ($1)),
                listings AS (UPDATE webhook_delivery_listings SET created_at = created_at - $2 WHERE organization_id = ANY ($1)),
                attempts AS (UPDATE webhook_delivery_attempts SET started_at = started_at - $2 WHERE organization_id = ANY ($1))
                UPDATE workflow_runs SET created_at = created_at - $2, completed_at = completed_at - $2 WHERE organization_id = ANY ($1)
                """,
                _organizations, ModelTime.Of(units));
            return true;
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.DeadlockDetected)
        {
            return false;
        }
    }

    private async Task<IReadOnlyList<Happening>> ClaimDueAsync(int worker, int pageSize)
    {
        var known = Known();
        var asked = Now();
        var due = new HashSet<DeliveryKey>();
        DueDelivery? last = null;
        IReadOnlyList<DueDelivery> page;
        do
        {
            page = await Store.FindDueAsync(last, pageSize, Token);
            due.UnionWith(page.Select(x => x.Key));
            last = page.Count == 0 ? last : page[^1];
        }
        while (page.Count == pageSize);

        var told = Now();
        var looked = known.Select(x => new Happening(x.Slot, new DeliveryEvent.LookedFor(), due.Contains(x.Delivery.Key) ? "due" : "not due", asked, told)).ToList();
        var claimed = await ClaimAsync(worker, [.. known.Where(x => due.Contains(x.Delivery.Key)).Select(x => x.Slot)]);
        return [.. looked, .. claimed];
    }

    private async Task<IReadOnlyList<Happening>> ClaimAsync(int worker, IReadOnlyCollection<int> slots)
    {
        var known = Known().Where(x => slots.Contains(x.Slot)).ToList();
        if (known.Count == 0) return [];
        var asked = Now();
        var result = await Store.ClaimAsync([.. known.Select(x => x.Delivery.Key)], Slots.WorkerName(worker), ModelTime.LeaseMargin);
        var told = Now();
        var happenings = new List<Happening>();
        foreach (var (slot, delivery) in known)
        {
            var claim = result.Claimed.SingleOrDefault(x => x.Key == delivery.Key);
            var answer = claim is not null ? ClaimOf(claim) : result.Poisoned.Any(poisoned => poisoned.Key == delivery.Key) ? ModelClaim.Poison : ModelClaim.None;
            happenings.Add(new Happening(slot, new DeliveryEvent.Claimed(Slots.WorkerName(worker)), answer.ToString(), asked, told) { Claim = claim });
            if (claim is null) continue;
            Assert.Equal(delivery.Uuid, claim.DeliveryUuid);
            lock (_lock) _held[worker].Add(new HeldClaim(slot, claim));
        }

        return happenings;
    }

    private async Task<IReadOnlyList<Happening>> TellAsync(int worker, ModelOutcome outcome, IReadOnlyList<HeldClaim> claims)
    {
        if (claims.Count == 0) return [];
        var asked = Now();
        var written = outcome switch
        {
            ModelOutcome.Deferred deferred => await ReturnAsync(deferred.Units, WaitingReason.Circuit),
            ModelOutcome.Released released => await ReturnAsync(released.Units, waitingFor: null),
            _ => (await Store.RecordAsync([.. claims.Select(held => RecordOf(held.Delivery, outcome))], Slots.WorkerName(worker), Token)).Keys,
        };
        var told = Now();
        return [.. claims.Select(held => new Happening(
            held.Slot, new DeliveryEvent.Told(ClaimOf(held.Delivery), outcome), written.Contains(held.Delivery.Key) ? "done" : "refused", asked, told))];

        async Task<IEnumerable<DeliveryKey>> ReturnAsync(int units, string? waitingFor) => (await Store.ReturnAsync(
            [.. claims.Select(held => new ReturnedClaim(held.Delivery.Key, held.Delivery.Token, units * ModelTime.UnitSeconds, waitingFor))],
            ModelTime.Of(ModelTime.MaxAge), Token)).Keys;
    }

    // As the worker's AttemptRunner makes it of what its sender says.
    private static AttemptRecord RecordOf(ClaimedDelivery delivery, ModelOutcome outcome)
    {
        if (outcome is ModelOutcome.Unsendable)
        {
            return new AttemptRecord { Key = delivery.Key, Token = delivery.Token, Status = DeliveryStatus.DeadLetter, Error = "cannot be sent" };
        }

        var statusCode = outcome switch { ModelOutcome.Success => 200, ModelOutcome.Transient => 503, _ => 410 };
        var attempt = new AttemptResult.Attempted
        {
            StatusCode = statusCode,
            StartedAt = delivery.CreatedAt,
            Error = statusCode == 200 ? null : $"HTTP {statusCode}",
        };
        var transition = DeliveryTransitions.AfterAttempt(delivery, attempt, jitterRatio: 0, random: 0);
        return new AttemptRecord
        {
            Key = delivery.Key,
            Token = delivery.Token,
            Status = transition.Status,
            DelaySeconds = transition.DelaySeconds,
            Attempt = attempt,
            Error = attempt.Error,
        };
    }

    private async Task<IReadOnlyList<Happening>> PostAsync(int slot, string what, DeliveryEvent happened)
    {
        var known = Known().Where(x => x.Slot == slot).ToList();
        if (known.Count == 0) return [];
        var owner = Slots.OwnerOf(slot);
        var caller = happened is DeliveryEvent.OfAStranger ? _owners[(owner + 1) % Slots.Organizations] : _owners[owner];
        var asked = Now();
        var answer = await caller.PostAsync($"deliveries/{known[0].Delivery.Uuid}/{what}");
        var told = Now();
        var words = answer.Status switch { 202 => "done", 409 => "refused", 404 => "there is none", _ => $"{answer.Status} {answer.Body}" };
        return [new Happening(slot, happened, words, asked, told)];
    }

    private static ModelClaim ClaimOf(ClaimedDelivery claim) => new(claim.Token, claim.AttemptNumber, claim.MaxAttempts);

    private long Now() => Interlocked.Increment(ref _moment);

    private IReadOnlyList<HeldClaim> Held(int worker)
    {
        lock (_lock) return [.. _held[worker]];
    }

    private IReadOnlyList<(int Slot, KnownDelivery Delivery)> Known()
    {
        lock (_lock) return [.. _known.Select((delivery, slot) => (slot, delivery!)).Where(x => x.Item2 is not null)];
    }

    private sealed record KnownDelivery(DeliveryKey Key, Guid Uuid);

    private sealed record HeldClaim(int Slot, ClaimedDelivery Delivery);
}
