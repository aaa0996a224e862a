using System.Collections.Concurrent;
using System.Text;
using Dograh.Webhooks.Data.Sql;
using Dograh.Webhooks.Redaction;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Dograh.Webhooks.Quotas;

/// <summary>Says whether an organization may have more deliveries stored.</summary>
/// <remarks>
/// Whoever has no quota costs nothing here: what the operator has set comes with the statement that finds the workflow anyway. Whoever has one is counted once a
/// second at most, and less often where counting takes long (a twentieth of the time, at most); between two counts what this process lets in is added. So a quota is
/// exceeded by no more than what other APIs let in within that time, and by what was being stored as the count was taken.
/// </remarks>
public sealed partial class QuotaMeter(NpgsqlDataSource dataSource, IOptions<QuotaOptions> defaults, TimeProvider time, ILogger<QuotaMeter> logger)
{
    /// <summary>The name of <see cref="QuotaLimits.DeliveriesPerMinute"/> in the API.</summary>
    public const string DeliveriesPerMinute = "deliveries_per_minute";

    /// <summary>The name of <see cref="QuotaLimits.PendingDeliveries"/> in the API.</summary>
    public const string PendingDeliveries = "pending_deliveries";

    /// <summary>The name of <see cref="QuotaLimits.PayloadBytes"/> in the API.</summary>
    public const string PayloadBytes = "payload_bytes";

    /// <summary>The name of <see cref="QuotaLimits.WebhookNodes"/> in the API.</summary>
    public const string WebhookNodes = "webhook_nodes";

    // Beyond so many, some are counted again before their time.
    private const int MaxTracked = 10_000;
    private const int TimeoutSeconds = 2;

    // How much longer than it took a count is good for.
    private const int CostFactor = 20;

    private static readonly TimeSpan GoodFor = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    // How soon receivers and workers make room nobody knows.
    private static readonly TimeSpan PendingRetry = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<long, Task<Usage>> _usages = [];

    /// <summary>Lets deliveries in, or says why not. What is let in counts from then on.</summary>
    /// <param name="organizationId">Whose they are.</param>
    /// <param name="own">What the operator has set for it.</param>
    /// <param name="rows">The deliveries of one run.</param>
    /// <returns>Null if they may be stored.</returns>
    internal async ValueTask<QuotaExceededException?> AdmitAsync(long organizationId, OrganizationQuotas? own, IReadOnlyList<NewDelivery> rows)
    {
        var limits = QuotaLimits.Of(own, defaults.Value);
        if (rows.Count == 0) return null;
        if (limits.PayloadBytes > 0 && rows.Max(row => Encoding.UTF8.GetByteCount(row.Rendered.Payload)) is var bytes && bytes > limits.PayloadBytes)
        {
            return new QuotaExceededException(PayloadBytes, limits.PayloadBytes, bytes, retryAfter: null);
        }

        if (limits is { DeliveriesPerMinute: 0, PendingDeliveries: 0 }) return null;
        return (await GetAsync(organizationId, limits)).Admit(rows.Count, limits);
    }

    /// <summary>Takes back what was let in and not stored.</summary>
    internal async Task ReleaseAsync(long organizationId, int deliveries)
    {
        if (_usages.TryGetValue(organizationId, out var usage)) (await usage).Release(deliveries);
    }

    private async Task<Usage> GetAsync(long organizationId, QuotaLimits limits)
    {
        while (true)
        {
            var isThere = _usages.TryGetValue(organizationId, out var before);
            if (isThere && await before! is var known && known.IsGood(time, limits)) return known;
            if (!isThere && _usages.Count >= MaxTracked) _usages.Clear();
            var counting = new TaskCompletionSource<Usage>(TaskCreationOptions.RunContinuationsAsynchronously);
            if (!(isThere ? _usages.TryUpdate(organizationId, counting.Task, before!) : _usages.TryAdd(organizationId, counting.Task))) continue;
            // Never faulted: see below.
            var usage = await CountAsync(organizationId, limits);
            counting.SetResult(usage);
            return usage;
        }
    }

    private async Task<Usage> CountAsync(long organizationId, QuotaLimits limits)
    {
        var began = time.GetTimestamp();
        try
        {
            await using var connection = await dataSource.OpenConnectionAsync();
            var (created, oldestSeconds, pending) = await ReadUsage.ExecuteAsync(
                connection, organizationId, limits.DeliveriesPerMinute, limits.PendingDeliveries, TimeoutSeconds);
            var now = time.GetTimestamp();
            var cost = time.GetElapsedTime(began, now);
            return new Usage(limits, created, TimeSpan.FromSeconds(oldestSeconds), pending, now, cost * CostFactor > GoodFor ? cost * CostFactor : GoodFor);
        }
        catch (Exception e)
        {
            // A quota keeps an organization from too much; that it cannot be told just now is no reason to refuse what is sound.
            LogNotCounted(logger, organizationId, e.GetType().Name, e.Message);
            return new Usage(limits, 0, TimeSpan.Zero, 0, time.GetTimestamp(), GoodFor);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "The deliveries of organization {OrganizationId} cannot be held against its quotas just now ({ErrorType}: {Error}); they are let in.")]
    private static partial void LogNotCounted(ILogger logger, long organizationId, string errorType, [FailureText] string error);

    private sealed class Usage(QuotaLimits limits, long created, TimeSpan oldest, long pending, long countedAt, TimeSpan goodFor)
    {
        private readonly Lock _lock = new();
        private long _added;

        // One that was counted no further than to another quota says nothing about this one.
        public bool IsGood(TimeProvider time, QuotaLimits asked) =>
            (asked.DeliveriesPerMinute, asked.PendingDeliveries) == (limits.DeliveriesPerMinute, limits.PendingDeliveries) && time.GetElapsedTime(countedAt) < goodFor;

        public QuotaExceededException? Admit(int deliveries, QuotaLimits asked)
        {
            lock (_lock)
            {
                var more = _added + deliveries;
                if (asked.DeliveriesPerMinute > 0 && created + more > asked.DeliveriesPerMinute)
                {
                    var room = created == 0 ? Window : Window - oldest;
                    return new QuotaExceededException(DeliveriesPerMinute, asked.DeliveriesPerMinute, created + more, room > TimeSpan.Zero ? room : TimeSpan.Zero);
                }

                if (asked.PendingDeliveries > 0 && pending + more > asked.PendingDeliveries)
                {
                    return new QuotaExceededException(PendingDeliveries, asked.PendingDeliveries, pending + more, PendingRetry);
                }

                _added = more;
                return null;
            }
        }

        public void Release(int deliveries)
        {
            lock (_lock) _added = Math.Max(0, _added - deliveries);
        }
    }
}
