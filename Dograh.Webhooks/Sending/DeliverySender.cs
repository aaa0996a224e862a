using System.Globalization;
using Dograh.Webhooks.Credentials;
using Dograh.Webhooks.Credentials.OAuth;
using Dograh.Webhooks.Deliveries;
using Microsoft.Extensions.Http.Resilience;
using Polly.CircuitBreaker;
using Polly.RateLimiting;
using Polly.Timeout;

namespace Dograh.Webhooks.Sending;

/// <summary>Makes one attempt: builds the request, sends it through its origin's pipeline, and says what came of it.</summary>
public sealed class DeliverySender : IDisposable
{
    // A line that was short when it was joined has stopped moving: its deliveries give up their slots.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>What is said of a certificate where there is no TLS to prove it in.</summary>
    public const string NoCertificate = "the credential is a client certificate, which only an https URL can be sent";

    private readonly ReceiverUrls _urls;
    private readonly ReceiverOrigins _origins;
    private readonly DatabaseClock _clock;
    private readonly OAuthTokens _tokens;
    private readonly Func<double> _random;
    private readonly TimeProvider _time;
    private readonly ClientCertificateHandler _certificates;
    private readonly HttpMessageInvoker _invoker;
    private volatile bool _isStopping;

    internal DeliverySender(
        EgressGuard guard, ReceiverOrigins origins, DatabaseClock clock, OAuthTokens tokens,
        Func<ClaimedDelivery, CancellationToken, Task<bool>> isHeld, TimeProvider time, Func<double> random)
    {
        _urls = new ReceiverUrls(guard);
        _origins = origins;
        _clock = clock;
        _tokens = tokens;
        _random = random;
        _time = time;
        _certificates = new ClientCertificateHandler(new EgressConnector(guard, time), time);
        _invoker = new HttpMessageInvoker(new ResilienceHandler(static request => AttemptCapture.Of(request).Origin.Pipeline)
        {
            InnerHandler = new AttemptHandler(clock, time, () => _isStopping, isHeld)
            {
                InnerHandler = _certificates,
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
        var givenAt = _time.GetTimestamp();
        if (_isStopping) return new AttemptResult.Released(TimeSpan.Zero);
        if (delivery.CredentialUuid is { } uuid && credential is null) return new AttemptResult.Unsendable($"credential {uuid:D} not found");
        if (credential is { IsReadable: false } || !keys.IsReadable) return new AttemptResult.Released(OurFailureDelay);

        HttpRequestMessage request;
        ReceiverUrl target;
        ReceiverOrigin origin;
        CredentialHeader? header;
        TokenResult.Usable? token;
        ClientCertificateHandler.Lease? connections = null;
        try
        {
            target = _urls.Read(delivery.EndpointUrl);
            origin = _origins.Of(target.Origin);
            // Before anything is built: of a dead receiver's backlog each has to be claimed to learn where it goes, and must cost no more than that.
            if (origin.IsShut(_random(), out var shutFor)) return new AttemptResult.Deferred(WaitingReason.Circuit, shutFor);
            if (credential?.Certificate is not null && target.Url.Scheme != Uri.UriSchemeHttps) throw new UnsendableException(NoCertificate);
            (header, token, var instead) = await FindHeaderAsync(delivery, credential, origin, cancellationToken);
            if (instead is not null) return instead;
            connections = credential?.Certificate is { } certificate ? _certificates.Rent(certificate) : null;
            request = WebhookRequest.Build(delivery, header, target.Url);
        }
        catch (UnsendableException e)
        {
            connections?.Dispose();
            return new AttemptResult.Unsendable(AttemptLog.FitError(e.Message));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return new AttemptResult.Released(TimeSpan.Zero);
        }

        using (connections)
        using (request)
        {
            if (HeldFor(origin) is { } held) return held;

            if (!origin.TryEnter(delivery.Key.OrganizationId, out var mustWait)) return new AttemptResult.Deferred(WaitingReason.Concurrency, origin.NextPlaceIn(_random()));
            using var patience = mustWait ? CancellationTokenSource.CreateLinkedTokenSource(cancellationToken) : null;
            if (patience is not null)
            {
                patience.CancelAfter(Patience);
                origin.Wait(patience);
            }

            var capture = new AttemptCapture
            {
                Delivery = delivery, Keys = keys, Secret = header?.FindSecret(), Connections = connections, Origin = origin, Timeout = delivery.Timeout, LeaseUntil = delivery.LeaseUntil, GivenAt = givenAt, Patience = patience,
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
            return result is AttemptResult.Attempted { StatusCode: 401 } refused && token is not null ? await RenewAsync(refused, credential!.Client!, token, delivery) : result;
        }
    }

    /// <summary>Whether the delivery's receiver has its circuit open, so that it would be turned away before anything is done for it.</summary>
    /// <returns>For how long; null if its attempt is to be begun, and be it to say what is wrong with it.</returns>
    public AttemptResult.Deferred? IsShut(ClaimedDelivery delivery)
    {
        if (_isStopping) return null;
        try
        {
            return _origins.Of(_urls.Read(delivery.EndpointUrl).Origin).IsShut(_random(), out var delay) ? new AttemptResult.Deferred(WaitingReason.Circuit, delay) : null;
        }
        catch (UnsendableException)
        {
            return null;
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

    // What is sent of the credential, its token fetched if need be; or what came of that. Most have none to fetch: nothing is allocated for them.
    private async ValueTask<(CredentialHeader? Header, TokenResult.Usable? Token, AttemptResult? Instead)> FindHeaderAsync(
        ClaimedDelivery delivery, ResolvedCredential? credential, ReceiverOrigin origin, CancellationToken cancellationToken)
    {
        if (credential?.Client is not { } client) return (credential?.Header, null, null);
        var token = credential.Token;
        if (token is null)
        {
            // Nobody asks for a token that could not be used yet.
            if (HeldFor(origin) is { } held) return (null, null, held);
            switch (await _tokens.GetAsync(client, delivery.Timeout, _random(), cancellationToken))
            {
                case TokenResult.Usable usable:
                    token = usable;
                    break;
                case TokenResult.NotYet later:
                    return (null, null, new AttemptResult.Deferred(WaitingReason.Credential, later.Delay)
                    {
                        Error = later.Error is null ? null : AttemptLog.FitError($"credential {delivery.CredentialUuid:D}: {later.Error}"),
                    });
                case TokenResult.Refused refused:
                    return (null, null, new AttemptResult.Unsendable(AttemptLog.FitError($"credential {delivery.CredentialUuid:D}: {refused.Reason}")));
                default:
                    return (null, null, new AttemptResult.Released(OurFailureDelay));
            }
        }

        return (token.Header, token, null);
    }

    private AttemptResult.Deferred? HeldFor(ReceiverOrigin origin) =>
        origin.HeldFor() is { Ticks: > 0 } left ? new AttemptResult.Deferred(WaitingReason.Throttled, left + TimeSpan.FromSeconds(_random())) : null;

    // A token may be refused before its time: it was revoked, or the receiver has forgotten it. Its successor is the next attempt's.
    private async Task<AttemptResult> RenewAsync(AttemptResult.Attempted refused, OAuthClient client, TokenResult.Usable token, ClaimedDelivery delivery) =>
        await _tokens.RefusedAsync(client, token, delivery)
            ? refused with { IsTransient = true, Error = AttemptLog.FitError($"{refused.Error} (the access token was refused; the next attempt gets a new one)") }
            : refused with { Error = AttemptLog.FitError($"{refused.Error} (and the access token was new)") };

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
        catch (Exception e) when (e is NotBegunException or ClaimGoneException)
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
        catch (HttpRequestException e) when (e.InnerException is CertificateNotTakenException notTaken)
        {
            return AttemptLog.FromFailure(capture, _clock.Now, $"TLS: {notTaken.Message}");
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
