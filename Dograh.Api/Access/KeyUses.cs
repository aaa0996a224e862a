using System.Collections.Concurrent;
using System.Threading.Channels;
using Dograh.Webhooks.Data.Sql;
using Dograh.Webhooks.Redaction;
using Npgsql;

namespace Dograh.Api.Access;

/// <summary>Notes when keys were last used: once a minute and key at most, many at a time, behind the requests' backs.</summary>
/// <remarks>It fails and delays no request. What is under way when the process ends is not noted.</remarks>
internal sealed partial class KeyUses(NpgsqlDataSource dataSource, TimeProvider time, ILogger<KeyUses> logger) : BackgroundService
{
    // Of keys beyond so many, some are written of more often; the statement sees to it that it is once a minute all the same.
    private const int MaxTracked = 10_000;
    private const int MaxBatch = 1000;
    private const int TimeoutSeconds = 5;

    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan GatheringTime = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<Guid, long> _noted = [];
    private readonly Channel<(WorkingKey Key, long At)> _uses = Channel.CreateBounded<(WorkingKey Key, long At)>(
        new BoundedChannelOptions(MaxTracked) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    /// <summary>Notes a use.</summary>
    public void Note(WorkingKey key)
    {
        var now = time.GetTimestamp();
        if (_noted.TryGetValue(key.Id, out var last))
        {
            if (time.GetElapsedTime(last, now) < Interval || !_noted.TryUpdate(key.Id, now, last)) return;
        }
        else
        {
            if (_noted.Count >= MaxTracked) _noted.Clear();
            if (!_noted.TryAdd(key.Id, now)) return;
        }

        _uses.Writer.TryWrite((key, now));
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (await _uses.Reader.WaitToReadAsync(stoppingToken))
            {
                await Task.Delay(GatheringTime, time, stoppingToken);
                await WriteAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Asked to stop.
        }
    }

    private async Task WriteAsync(CancellationToken cancellationToken)
    {
        var uses = new Dictionary<Guid, (long OrganizationId, Guid KeyId, double SecondsAgo)>();
        while (uses.Count < MaxBatch && _uses.Reader.TryRead(out var use))
        {
            uses[use.Key.Id] = (use.Key.OrganizationId, use.Key.Id, time.GetElapsedTime(use.At).TotalSeconds);
        }

        try
        {
            await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
            await RecordKeyUses.ExecuteAsync(connection, [.. uses.Values], TimeoutSeconds, cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            // Those keys are noted again in a minute, if they are in use.
            LogNotNoted(logger, uses.Count, e.GetType().Name, e.Message);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "The last use of {Keys} API keys was not noted ({ErrorType}: {Error}).")]
    private static partial void LogNotNoted(ILogger logger, int keys, string errorType, [FailureText] string error);
}
