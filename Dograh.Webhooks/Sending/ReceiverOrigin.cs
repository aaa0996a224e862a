using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Redaction;
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
/// <para>Before the limit stands a line that is as long as the receiver is quick: who would wait longer in it than <see cref="LongestWait"/> is
/// turned away at once and comes back from the queue. So a quick receiver's backlog flows through one worker without going back
/// to the database, and a slow one's holds few of the worker's slots. An organization that has few in it may always join, or one that sends a burst
/// would keep the others from a receiver that they share.</para>
/// <para>Who is turned away while the receiver hangs, or by its open circuit, stays away for a break at least, and all of them come back one after another:
/// a dead receiver's backlog costs the worker one look a delivery and break.</para>
/// </remarks>
internal sealed partial class ReceiverOrigin
{
    private static readonly TimeSpan MinConcurrencyDelay = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan MaxConcurrencyDelay = TimeSpan.FromSeconds(60);

    // The longest wait that is expected of the line when a delivery joins it.
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(0.25);

    // A receiver that has freed no place for so long, and for twice as long as its answers take, hangs.
    private static readonly TimeSpan HangsAfter = TimeSpan.FromSeconds(2);

    // One that has not answered at all yet: what is turned away before it is known to hang comes back in vain.
    private static readonly TimeSpan UnknownHangsAfter = TimeSpan.FromSeconds(1);

    // A line that has not moved for so long gives up its slots where others want them.
    private static readonly TimeSpan StoppedAfter = TimeSpan.FromSeconds(0.5);

    // One organization's few: this part of the places.
    private const int SmallShare = 16;

    // How close together those come back that were turned away from a receiver in trouble; and, since a batch costs little more than one of them does, in
    // groups, so that others meet them seldom.
    private static readonly TimeSpan ReturnStep = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan ReturnEvery = TimeSpan.FromSeconds(0.5);

    // In groups those come back too that wait for places, but in small ones: the line holds what becomes free in so long twice over.
    private static readonly TimeSpan PlaceEvery = TimeSpan.FromSeconds(0.1);

    private readonly TimeProvider _time;
    private readonly int _permits;
    private readonly TimeSpan _break;
    private readonly Lock _lock = new();
    private readonly HashSet<CancellationTokenSource> _line = [];
    private readonly Dictionary<long, int> _insideByOrganization = [];
    private readonly long _origin;
    private TimeSpan _heldUntil;
    private TimeSpan _nextPlaceAt;
    private TimeSpan _nextReturnAt;
    private TimeSpan _lastPlaceFreedAt;
    private TimeSpan _shutUntil;
    private int _inside;
    private double? _averageSeconds;
    private long _lastUsed;
    private volatile bool _isCircuitOpen;

    public ReceiverOrigin(string name, WebhookDeliveryOptions options, TimeProvider time, ILogger logger)
    {
        Name = name;
        _time = time;
        _permits = options.ConcurrencyPerOrigin;
        _break = TimeSpan.FromSeconds(options.CircuitBreakSeconds);
        _origin = time.GetTimestamp();
        _lastUsed = _origin;
        Pipeline = new ResiliencePipelineBuilder<HttpResponseMessage> { Name = "deliver_webhook", TimeProvider = time }
            // The line before it is kept short by TryEnter.
            .AddConcurrencyLimiter(_permits, queueLimit: options.Concurrency)
            .AddCircuitBreaker(new HttpCircuitBreakerStrategyOptions
            {
                FailureRatio = options.CircuitFailureRatio,
                MinimumThroughput = options.CircuitMinimumAttempts,
                SamplingDuration = TimeSpan.FromSeconds(options.CircuitWindowSeconds),
                BreakDuration = _break,
                ShouldHandle = arguments => ValueTask.FromResult(CountsAsFailure(arguments.Outcome)),
                OnOpened = arguments =>
                {
                    Shut();
                    LogCircuitOpened(logger, Name, arguments.BreakDuration.TotalSeconds);
                    return default;
                },
                OnClosed = _ =>
                {
                    _isCircuitOpen = false;
                    lock (_lock) _shutUntil = TimeSpan.Zero;
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

    /// <summary>Whether the circuit is open, or being probed.</summary>
    public bool IsCircuitOpen => _isCircuitOpen;

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

    /// <summary>Joins the line, unless the wait would be long. Whoever joins must <see cref="Leave"/>.</summary>
    /// <param name="organizationId">Whose delivery it is.</param>
    /// <param name="mustWait">Whether all places are taken just now.</param>
    public bool TryEnter(long organizationId, out bool mustWait)
    {
        lock (_lock)
        {
            var ahead = _inside - _permits + 1;
            mustWait = ahead > 0;
            // Of a receiver that nothing is known of yet, as many may wait as are served at once, until it is seen to hang.
            var isNew = _averageSeconds is null && Now - _lastPlaceFreedAt < StoppedAfter;
            var own = _insideByOrganization.GetValueOrDefault(organizationId);
            var isSmall = own < Math.Max(1, _permits / SmallShare) && Now - _lastPlaceFreedAt < Longer(StoppedAfter);
            if (mustWait && !isSmall && (isNew ? ahead > _permits : ahead * SecondsAPlaceIsTaken / _permits > LongestWait.TotalSeconds)) return false;
            if (_inside == 0) _lastPlaceFreedAt = Now;
            _inside++;
            _insideByOrganization[organizationId] = own + 1;
            return true;
        }
    }

    /// <summary>Notes who waits in the line, so that <see cref="GiveUpStoppedLine"/> can send it away.</summary>
    public void Wait(CancellationTokenSource patience)
    {
        lock (_lock) _line.Add(patience);
    }

    /// <summary>Notes that somebody waits no longer: from here on nobody sends it away.</summary>
    public void EndWait(CancellationTokenSource patience)
    {
        lock (_lock) _line.Remove(patience);
    }

    /// <summary>Sends away everybody who waits, if the line has stopped moving: others want the slots.</summary>
    public void GiveUpStoppedLine()
    {
        lock (_lock)
        {
            if (_line.Count == 0 || Now - _lastPlaceFreedAt < Longer(StoppedAfter)) return;
            // Said within the lock, so that nobody who has ended his wait is told; what follows from it runs on the pool.
            foreach (var patience in _line) _ = patience.CancelAsync();
            _line.Clear();
        }
    }

    /// <summary>Leaves, whether a place was had or not.</summary>
    /// <param name="organizationId">Whose delivery it was.</param>
    /// <param name="duration">How long an attempt took; null if none was made.</param>
    public void Leave(long organizationId, TimeSpan? duration)
    {
        lock (_lock)
        {
            _inside--;
            // Nobody's entry is kept: of a receiver that many share there would be one for each that ever sent.
            if (_insideByOrganization[organizationId] == 1) _insideByOrganization.Remove(organizationId);
            else _insideByOrganization[organizationId]--;
            if (duration is not { } took) return;
            _averageSeconds = _averageSeconds is { } average ? (0.9 * average) + (0.1 * took.TotalSeconds) : took.TotalSeconds;
            _lastPlaceFreedAt = Now;
        }
    }

    /// <summary>When a delivery that found no place should come back: each at the pace at which the origin has been freeing places.</summary>
    /// <remarks>So a backlog comes back spread out, about when there is room, rather than all at once to be turned away again.</remarks>
    /// <param name="random">Spreads those that come back later than anybody can foresee; from 0 up to 1.</param>
    public TimeSpan NextPlaceIn(double random)
    {
        lock (_lock)
        {
            var now = Now;
            if (_inside >= _permits && now - _lastPlaceFreedAt > (_averageSeconds is null ? UnknownHangsAfter : Longer(HangsAfter))) return ComeBack(now, now + (_break * 1.5), _break / 2, random);
            var next = _nextPlaceAt + TimeSpan.FromSeconds(SecondsAPlaceIsTaken / _permits);
            if (next < now + MinConcurrencyDelay) next = now + MinConcurrencyDelay;
            if (next > now + MaxConcurrencyDelay) return MaxConcurrencyDelay * (1 + random);
            _nextPlaceAt = next;
            return RoundUp(next, PlaceEvery) - now;
        }
    }

    // A receiver that hangs ends no attempt to learn from; that no place has become free for so long says as much.
    private double SecondsAPlaceIsTaken => Math.Max(_averageSeconds ?? 0.1, (Now - _lastPlaceFreedAt).TotalSeconds);

    /// <summary>Whether the circuit is open and its break not over: nothing that would be sent now would be let through.</summary>
    /// <param name="random">Spreads those that would come back more than a break later than the first; from 0 up to 1.</param>
    /// <param name="delay">How long to stay away: the rest of the break, one after another.</param>
    public bool IsShut(double random, out TimeSpan delay)
    {
        delay = TimeSpan.Zero;
        if (!_isCircuitOpen) return false;
        lock (_lock)
        {
            var left = _shutUntil - Now;
            if (left <= TimeSpan.Zero) return false;
            delay = CircuitDelay(left, random);
            return true;
        }
    }

    /// <summary>How long to wait for a circuit that refused, for its break was over and a probe is under way.</summary>
    /// <param name="refused">What it said; the rest of a break, which then counts from the probe.</param>
    /// <param name="random">As of <see cref="IsShut"/>.</param>
    public TimeSpan CircuitDelay(BrokenCircuitException refused, double random)
    {
        lock (_lock) return CircuitDelay(refused.RetryAfter ?? TimeSpan.Zero, random);
    }

    private TimeSpan CircuitDelay(TimeSpan left, double random)
    {
        var now = Now;
        // At the end of a break comes a probe, and who comes back with it would be turned away once more.
        return ComeBack(now, now + (left < _break / 2 ? left + _break : left), _break, random);
    }

    // One after another from the first instant on, in groups; whoever would come later than the window at any time in it.
    private TimeSpan ComeBack(TimeSpan now, TimeSpan first, TimeSpan window, double random)
    {
        var next = _nextReturnAt + ReturnStep;
        if (next < first) next = first;
        if (next > first + window) next = first + (window * random);
        else _nextReturnAt = next;
        return RoundUp(next, ReturnEvery) - now;
    }

    private static TimeSpan RoundUp(TimeSpan value, TimeSpan step) => TimeSpan.FromTicks((value.Ticks + step.Ticks - 1) / step.Ticks * step.Ticks);

    private void Shut()
    {
        lock (_lock) _shutUntil = Now + _break;
        _isCircuitOpen = true;
    }

    // Than a limit, or than twice what the receiver usually takes.
    private TimeSpan Longer(TimeSpan limit) => TimeSpan.FromSeconds(Math.Max(limit.TotalSeconds, 2 * (_averageSeconds ?? 0)));

    // What says that the receiver is in trouble: no response, or a 5xx. A 4xx is about the request; 429 has Retry-After; egress is ours.
    private static bool CountsAsFailure(Outcome<HttpResponseMessage> outcome) => outcome switch
    {
        { Exception: HttpRequestException { InnerException: EgressDeniedException } } => false,
        { Exception: HttpRequestException or TimeoutRejectedException or IOException } => true,
        { Result: { } response } => (int)response.StatusCode >= 500,
        _ => false,
    };

    private static TimeSpan TimeoutOf(ResilienceContext context) => AttemptCapture.Of(context.GetRequestMessage()).Timeout;

    [LoggerMessage(1, LogLevel.Warning, "The circuit of {Origin} opened: its deliveries wait for {BreakSeconds} s.")]
    private static partial void LogCircuitOpened(ILogger logger, [ReceiverUrl] string origin, double breakSeconds);

    [LoggerMessage(2, LogLevel.Information, "The circuit of {Origin} closed.")]
    private static partial void LogCircuitClosed(ILogger logger, [ReceiverUrl] string origin);
}
