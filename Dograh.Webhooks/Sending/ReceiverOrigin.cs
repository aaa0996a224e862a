using Dograh.Webhooks.Deliveries;
using Microsoft.Extensions.Http.Resilience;
using Microsoft.Extensions.Logging;
using Polly;
using Polly.CircuitBreaker;
using Polly.Timeout;

namespace Dograh.Webhooks.Sending;

/// <summary>One receiver origin (scheme, host and port) as this worker knows it: its resilience pipeline, and how long to leave it alone.</summary>
/// <remarks>
/// The pipeline is, from the outside in: a concurrency limit, a circuit breaker, the attempt's total deadline. There is no retry in it: one
/// attempt is one HTTP request, and another attempt is the durable schedule's to make.
/// </remarks>
internal sealed partial class ReceiverOrigin
{
    private static readonly TimeSpan MinConcurrencyDelay = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan MaxConcurrencyDelay = TimeSpan.FromSeconds(60);

    private readonly TimeProvider _time;
    private readonly int _permits;
    private readonly TimeSpan _break;
    private readonly Lock _lock = new();
    private readonly long _origin;
    private TimeSpan _heldUntil;
    private TimeSpan _nextPlaceAt;
    private TimeSpan? _fullSince;
    private double _averageSeconds = 0.1;
    private long _lastUsed;

    public ReceiverOrigin(string name, WebhookDeliveryOptions options, TimeProvider time, ILogger logger)
    {
        Name = name;
        _time = time;
        _permits = options.ConcurrencyPerOrigin;
        _break = TimeSpan.FromSeconds(options.CircuitBreakSeconds);
        _origin = time.GetTimestamp();
        _lastUsed = _origin;
        Pipeline = new ResiliencePipelineBuilder<HttpResponseMessage> { Name = "deliver_webhook", TimeProvider = time }
            // As many again may wait for a place, so that a fast receiver's next request is at hand when one ends.
            .AddConcurrencyLimiter(_permits, queueLimit: _permits)
            .AddCircuitBreaker(new HttpCircuitBreakerStrategyOptions
            {
                FailureRatio = options.CircuitFailureRatio,
                MinimumThroughput = options.CircuitMinimumAttempts,
                SamplingDuration = TimeSpan.FromSeconds(options.CircuitWindowSeconds),
                BreakDuration = _break,
                ShouldHandle = arguments => ValueTask.FromResult(CountsAsFailure(arguments.Outcome)),
                OnOpened = arguments =>
                {
                    LogCircuitOpened(logger, Name, arguments.BreakDuration.TotalSeconds);
                    return default;
                },
                OnClosed = _ =>
                {
                    LogCircuitClosed(logger, Name);
                    return default;
                },
            })
            .AddTimeout(new HttpTimeoutStrategyOptions { TimeoutGenerator = arguments => ValueTask.FromResult(TimeoutOf(arguments.Context)) })
            .Build();
    }

    /// <summary>The origin, such as <c>https://crm.example:8443</c>.</summary>
    public string Name { get; }

    /// <summary>The pipeline that every attempt to the origin goes through.</summary>
    public ResiliencePipeline<HttpResponseMessage> Pipeline { get; }

    /// <summary>How long the origin has not been used.</summary>
    public TimeSpan IdleFor => _time.GetElapsedTime(Volatile.Read(ref _lastUsed));

    private TimeSpan Now => _time.GetElapsedTime(_origin);

    /// <summary>Notes a use.</summary>
    public void Touch() => Volatile.Write(ref _lastUsed, _time.GetTimestamp());

    /// <summary>Leaves the origin alone for so long, as its <c>Retry-After</c> asks.</summary>
    public void Hold(TimeSpan duration)
    {
        lock (_lock)
        {
            var until = Now + (duration < Backoff.MaxRetryAfter ? duration : Backoff.MaxRetryAfter);
            if (until > _heldUntil) _heldUntil = until;
        }
    }

    /// <summary>How much longer the origin is to be left alone; zero if it may be asked.</summary>
    public TimeSpan HeldFor()
    {
        lock (_lock)
        {
            var left = _heldUntil - Now;
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    /// <summary>Notes how long an attempt took, for <see cref="NextPlaceIn"/>.</summary>
    public void Observe(TimeSpan duration)
    {
        lock (_lock)
        {
            _averageSeconds = (0.9 * _averageSeconds) + (0.1 * duration.TotalSeconds);
            _fullSince = null;
        }
    }

    /// <summary>When a delivery that found no place should come back: each at the pace at which the origin has been freeing places.</summary>
    /// <remarks>So a backlog comes back spread out, about when there is room, rather than all at once to be turned away again.</remarks>
    public TimeSpan NextPlaceIn()
    {
        lock (_lock)
        {
            var now = Now;
            _fullSince ??= now;
            // A receiver that hangs ends no attempt to learn from; that it has been full for so long says as much.
            var seconds = Math.Max(_averageSeconds, (now - _fullSince.Value).TotalSeconds);
            var next = _nextPlaceAt + TimeSpan.FromSeconds(seconds / _permits);
            _nextPlaceAt = next > now + MinConcurrencyDelay ? next : now + MinConcurrencyDelay;
            if (_nextPlaceAt > now + MaxConcurrencyDelay) _nextPlaceAt = now + MaxConcurrencyDelay;
            return _nextPlaceAt - now;
        }
    }

    /// <summary>How long to wait for a circuit that refused: the rest of its break, and up to a tenth of a break at random.</summary>
    public TimeSpan CircuitDelay(BrokenCircuitException refused, double random)
    {
        var left = refused.RetryAfter ?? TimeSpan.Zero;
        return (left > TimeSpan.FromSeconds(1) ? left : TimeSpan.FromSeconds(1)) + (0.1 * random * _break);
    }

    // What says that the receiver is in trouble: no response, or a 5xx. A 4xx is about the request; 429 has Retry-After; egress is ours.
    private static bool CountsAsFailure(Outcome<HttpResponseMessage> outcome) => outcome switch
    {
        { Exception: HttpRequestException { InnerException: EgressDeniedException } } => false,
        { Exception: HttpRequestException or TimeoutRejectedException or IOException } => true,
        { Result: { } response } => (int)response.StatusCode >= 500,
        _ => false,
    };

    private static TimeSpan TimeoutOf(ResilienceContext context) =>
        context.GetRequestMessage() is { } request && request.Options.TryGetValue(AttemptCapture.Option, out var capture)
            ? capture.Timeout
            : throw new InvalidOperationException("The attempt has no deadline.");

    [LoggerMessage(1, LogLevel.Warning, "The circuit of {Origin} opened: its deliveries wait for {BreakSeconds} s.")]
    private static partial void LogCircuitOpened(ILogger logger, string origin, double breakSeconds);

    [LoggerMessage(2, LogLevel.Information, "The circuit of {Origin} closed.")]
    private static partial void LogCircuitClosed(ILogger logger, string origin);
}
