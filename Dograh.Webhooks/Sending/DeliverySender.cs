using System.Globalization;
using System.Net;
using System.Text;
using Dograh.Webhooks.Deliveries;
using Microsoft.Extensions.Http.Resilience;
using Polly.CircuitBreaker;
using Polly.RateLimiting;
using Polly.Timeout;

namespace Dograh.Webhooks.Sending;

/// <summary>Makes one attempt: builds the request, sends it through its origin's pipeline, and says what came of it.</summary>
public sealed class DeliverySender : IDisposable
{
    // The deadline of an attempt covers connecting; this only ends a connect that outlived the request it was begun for.
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(60);

    // A line that was short when it was joined has stopped moving: its deliveries give up their slots.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    // Names may come to mean other addresses; no connection lives longer than this.
    private static readonly TimeSpan ConnectionLifetime = TimeSpan.FromMinutes(2);

    private readonly ReceiverUrls _urls;
    private readonly ReceiverOrigins _origins;
    private readonly DatabaseClock _clock;
    private readonly Func<double> _random;
    private readonly HttpMessageInvoker _invoker;
    private volatile bool _isStopping;

    internal DeliverySender(EgressGuard guard, ReceiverOrigins origins, DatabaseClock clock, TimeProvider time, Func<double> random)
    {
        _urls = new ReceiverUrls(guard);
        _origins = origins;
        _clock = clock;
        _random = random;
        var connector = new EgressConnector(guard, time);
        _invoker = new HttpMessageInvoker(new ResilienceHandler(static request => AttemptCapture.Of(request).Origin.Pipeline)
        {
            InnerHandler = new AttemptHandler(clock, time, () => _isStopping)
            {
                InnerHandler = new LargeBodyHandler(NewSockets(connector), NewSockets(connector), time),
            },
        });
    }

    /// <summary>Makes the attempt.</summary>
    /// <param name="delivery">The claimed delivery.</param>
    /// <param name="secrets">What was just resolved for it: nothing is sent without its credential or unsigned.</param>
    /// <param name="cancellationToken">The worker is stopping for good: the claim is released, nothing is counted.</param>
    /// <returns>What came of it; no exception is the receiver's to cause.</returns>
    public async Task<AttemptResult> SendAsync(ClaimedDelivery delivery, DeliverySecrets secrets, CancellationToken cancellationToken)
    {
        var (credential, keys) = secrets;
        if (_isStopping) return new AttemptResult.Released(TimeSpan.Zero);
        if (delivery.CredentialUuid is { } uuid && credential is null) return new AttemptResult.Unsendable($"credential {uuid:D} not found");
        if (credential is { IsReadable: false } || !keys.IsReadable) return new AttemptResult.Released(OurFailureDelay);

        HttpRequestMessage request;
        ReceiverUrl target;
        ReceiverOrigin origin;
        try
        {
            target = _urls.Read(delivery.EndpointUrl);
            origin = _origins.Of(target.Origin);
            // Before anything is built: of a dead receiver's backlog each has to be claimed to learn where it goes, and must cost no more than that.
            if (origin.IsShut(_random(), out var shutFor)) return new AttemptResult.Deferred(WaitingReason.Circuit, shutFor);
            request = WebhookRequest.Build(delivery, credential?.Header, target.Url);
        }
        catch (UnsendableException e)
        {
            return new AttemptResult.Unsendable(AttemptLog.FitError(e.Message));
        }

        using (request)
        {
            if (origin.HeldFor() is { Ticks: > 0 } left)
            {
                return new AttemptResult.Deferred(WaitingReason.Throttled, left + TimeSpan.FromSeconds(_random()));
            }

            if (!origin.TryEnter(delivery.Key.OrganizationId, out var mustWait)) return new AttemptResult.Deferred(WaitingReason.Concurrency, origin.NextPlaceIn(_random()));
            using var patience = mustWait ? CancellationTokenSource.CreateLinkedTokenSource(cancellationToken) : null;
            if (patience is not null)
            {
                patience.CancelAfter(Patience);
                origin.Wait(patience);
            }

            var capture = new AttemptCapture
            {
                Delivery = delivery, Keys = keys, Secret = credential?.Header?.FindSecret(), Origin = origin, Timeout = delivery.Timeout, LeaseUntil = delivery.LeaseUntil, Patience = patience,
            };
            request.Options.Set(AttemptCapture.Option, capture);
            AttemptResult result;
            try
            {
                result = await SendAsync(request, capture, cancellationToken);
            }
            finally
            {
                if (patience is not null) origin.EndWait(patience);
                origin.Leave(delivery.Key.OrganizationId, capture.StartedAt is null ? null : capture.Duration);
            }

            if (result is AttemptResult.Attempted { StatusCode: 429 or 503, RetryAfter: { } retryAfter }) origin.Hold(retryAfter);
            return result;
        }
    }

    /// <summary>Begins no more attempts: those under way go on, and whatever still waits for a place is released (I11).</summary>
    public void StopBeginning() => _isStopping = true;

    /// <summary>Gives up the slots of all who wait for receivers that have stopped answering: they come back later. For when others want the slots.</summary>
    public void GiveUpStoppedLines()
    {
        foreach (var origin in _origins.All) origin.GiveUpStoppedLine();
    }

    /// <summary>How long a claim is put off that is released for a failure of our own.</summary>
    public static TimeSpan OurFailureDelay { get; } = TimeSpan.FromSeconds(5);

    /// <inheritdoc />
    public void Dispose() => _invoker.Dispose();

    private static SocketsHttpHandler NewSockets(EgressConnector connector) => new()
    {
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        ConnectCallback = connector.ConnectAsync,
        ConnectTimeout = ConnectTimeout,
        MaxResponseHeadersLength = 64,
        MaxResponseDrainSize = 0,
        PooledConnectionLifetime = ConnectionLifetime,
        RequestHeaderEncodingSelector = static (_, _) => Encoding.UTF8,
        SslOptions = ReceiverTls.NewOptions(),
        UseCookies = false,
        UseProxy = false,
    };

    private async Task<AttemptResult> SendAsync(HttpRequestMessage request, AttemptCapture capture, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await _invoker.SendAsync(request, capture.Patience?.Token ?? cancellationToken);
            return AttemptLog.FromResponse(response, capture, _clock.Now);
        }
        catch (BrokenCircuitException e)
        {
            return new AttemptResult.Deferred(WaitingReason.Circuit, capture.Origin.CircuitDelay(e, _random()));
        }
        catch (Exception e) when (e is RateLimiterRejectedException or LeaseTooShortException or WaitedTooLongException)
        {
            return new AttemptResult.Deferred(WaitingReason.Concurrency, capture.Origin.NextPlaceIn(_random()));
        }
        catch (NotBegunException)
        {
            return new AttemptResult.Released(TimeSpan.Zero);
        }
        catch (TimeoutRejectedException)
        {
            return AttemptLog.FromFailure(capture, _clock.Now, string.Create(
                CultureInfo.InvariantCulture, $"timeout: no response within {capture.Timeout.TotalSeconds} s"));
        }
        catch (HttpRequestException e) when (e.InnerException is EgressDeniedException denied)
        {
            return AttemptLog.FromFailure(capture, _clock.Now, denied.Message) with { IsPermanent = true };
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return AttemptLog.FromFailure(capture, _clock.Now, AttemptLog.Describe(e));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return new AttemptResult.Released(TimeSpan.Zero);
        }
        catch (OperationCanceledException) when (capture is { StartedAt: null, Patience.IsCancellationRequested: true })
        {
            return new AttemptResult.Deferred(WaitingReason.Concurrency, capture.Origin.NextPlaceIn(_random()));
        }
        catch (Exception e) when (e is InvalidOperationException or NotSupportedException or FormatException or ArgumentException)
        {
            // .NET refuses the request as it was built.
            return new AttemptResult.Unsendable(AttemptLog.FitError($"the request cannot be sent: {AttemptLog.Describe(e)}"));
        }
    }
}
