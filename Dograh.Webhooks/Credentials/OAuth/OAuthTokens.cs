using System.Collections.Concurrent;
using System.Security.Cryptography;
using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Redaction;
using Dograh.Webhooks.Telemetry;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Dograh.Webhooks.Credentials.OAuth;

/// <summary>Gives deliveries the access tokens of their credentials: fetched once however many wait, here and in all other workers.</summary>
/// <remarks>
/// A token that is stored comes with its credential, read for every batch; this is for when there is none. In a process the first who wants one begins a
/// flight, and the others wait for its end. Among processes a lease on the token's row decides who asks the endpoint, the others look at the row until it is there.
/// <para>A slow endpoint must not hold up other deliveries (I12): no more than a part of the worker's slots may wait for tokens, and who comes while a flight has
/// lasted long is sent away until later. The flight goes on without them.</para>
/// </remarks>
public sealed partial class OAuthTokens : IDisposable
{
    // Of the slots of a worker, those that may wait for tokens.
    private const int WaitingShare = 4;

    private const int MaxHeld = 10_000;

    // Beyond the request's own deadline: for writing down what came of it.
    private static readonly TimeSpan LeaseDuration = TokenEndpoint.Deadline + TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestFlight = LeaseDuration + TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(100);

    // Who comes after a flight has lasted so long does not wait for its end.
    private static readonly TimeSpan LateAfter = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ShortDelay = TimeSpan.FromSeconds(0.5);

    // A token is given up before it expires, for the attempt that it is sent with takes its time; of a short-lived one no more than a part.
    private static readonly TimeSpan ExpiryMargin = TimeSpan.FromSeconds(60);
    private const double LargestMarginShare = 0.25;

    // However often a receiver refuses tokens, its endpoint is asked for no more than one of each credential in this time.
    private static readonly TimeSpan PauseAfterToken = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan PauseAfterRefusal = TimeSpan.FromSeconds(30);
    private const double LongestPauseSeconds = 60;

    private readonly OAuthTokenStore _store;
    private readonly OAuthTokenProtector _protector;
    private readonly TokenEndpoint _endpoint;
    private readonly TimeProvider _time;
    private readonly ILogger<OAuthTokens> _logger;
    private readonly int _maxWaiting;
    private readonly long _origin;
    private readonly Lock _lock = new();
    private readonly Dictionary<CredentialVersion, Flight> _flights = [];
    private readonly ConcurrentDictionary<CredentialVersion, Held> _held = new();
    private readonly CancellationTokenSource _disposed = new();
    private int _waiting;

    /// <summary>Makes the one of a process.</summary>
    public OAuthTokens(
        OAuthTokenStore store, OAuthTokenProtector protector, TokenEndpoint endpoint, IOptions<WebhookDeliveryOptions> options, TimeProvider time, ILogger<OAuthTokens> logger)
    {
        _store = store;
        _protector = protector;
        _endpoint = endpoint;
        _time = time;
        _logger = logger;
        _maxWaiting = Math.Max(1, options.Value.Concurrency / WaitingShare);
        _origin = time.GetTimestamp();
    }

    private TimeSpan Now => _time.GetElapsedTime(_origin);

    /// <summary>Waits for a token.</summary>
    /// <param name="client">The credential.</param>
    /// <param name="patience">How long, at most.</param>
    /// <param name="random">Spreads those that come back later; from 0 up to 1.</param>
    /// <param name="cancellationToken">Waits no longer. Whoever else waits is none the worse.</param>
    public async Task<TokenResult> GetAsync(OAuthClient client, TimeSpan patience, double random, CancellationToken cancellationToken)
    {
        if (_held.TryGetValue(client.Version, out var held))
        {
            if (held.Until > Now) return Spread(held.Result, held.Until - Now, random);
            _held.TryRemove(new(client.Version, held));
        }

        var flight = Join(client);
        var lasted = Now - flight.BeganAt;
        if (lasted > LateAfter) return Spread(new TokenResult.NotYet(default, Error: null), lasted * 2, random);
        if (Interlocked.Increment(ref _waiting) > _maxWaiting)
        {
            Interlocked.Decrement(ref _waiting);
            return Spread(new TokenResult.NotYet(default, Error: null), ShortDelay, random);
        }

        try
        {
            var result = await flight.Ended.WaitAsync(patience < TokenEndpoint.Deadline ? patience : TokenEndpoint.Deadline, _time, cancellationToken);
            return result is TokenResult.NotYet later ? Spread(later, later.Delay, random) : result;
        }
        catch (TimeoutException)
        {
            return Spread(new TokenResult.NotYet(default, Error: null), LateAfter, random);
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    /// <summary>Hears that a receiver has answered 401: the token is used no more.</summary>
    /// <returns>Whether a new one may mend it: not if this one was fetched for the attempt, or after the one that the delivery was refused with before.</returns>
    public async Task<bool> RefusedAsync(OAuthClient client, TokenResult.Usable token, ClaimedDelivery delivery)
    {
        try
        {
            await _store.DropAsync(client.Version, token.EncryptedToken, _disposed.Token);
            return !token.IsFresh && !(await _store.FindRefusedAsync(delivery, _disposed.Token) <= token.FetchedAt);
        }
        catch (Exception e)
        {
            // It was not taken away: another try meets it again, and says so again.
            LogNotDropped(_logger, client.Version.Uuid, client.Version.OrganizationId, e.GetType().Name, e.Message);
            return !token.IsFresh;
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _disposed.Cancel();
        _disposed.Dispose();
    }

    private static TokenResult Spread(TokenResult result, TimeSpan left, double random) =>
        result is TokenResult.NotYet later ? later with { Delay = (left > ShortDelay ? left : ShortDelay) * (1 + random) } : result;

    private Flight Join(OAuthClient client)
    {
        lock (_lock)
        {
            if (_flights.TryGetValue(client.Version, out var flight)) return flight;
            return _flights[client.Version] = new Flight(Now, Begin(client));
        }
    }

    // It is nobody's in particular: it has neither the span nor the log scope of whoever came first.
    private Task<TokenResult> Begin(OAuthClient client)
    {
        if (ExecutionContext.IsFlowSuppressed()) return Task.Run(() => FlyAsync(client));
        using (ExecutionContext.SuppressFlow()) return Task.Run(() => FlyAsync(client));
    }

    private async Task<TokenResult> FlyAsync(OAuthClient client)
    {
        try
        {
            var (result, pause) = await ObtainAsync(client, _disposed.Token);
            if (pause > TimeSpan.Zero)
            {
                if (_held.Count >= MaxHeld) _held.Clear();
                _held[client.Version] = new Held(result, Now + pause);
            }

            return result;
        }
        catch (Exception e)
        {
            if (!_disposed.IsCancellationRequested) LogFailed(_logger, client.Version.Uuid, client.Version.OrganizationId, e.GetType().Name, e.Message);
            return new TokenResult.OurFailure();
        }
        finally
        {
            lock (_lock) _flights.Remove(client.Version);
        }
    }

    private async Task<(TokenResult Result, TimeSpan Pause)> ObtainAsync(OAuthClient client, CancellationToken cancellationToken)
    {
        var beganAt = Now;
        while (true)
        {
            // A row of another version of the credential is as good as none.
            var state = await _store.ReadAsync(client.Version, cancellationToken);
            if (state?.EncryptedToken is { } encrypted && await OpenAsync(client, encrypted, cancellationToken) is { } token)
            {
                return (new TokenResult.Usable { Token = token, EncryptedToken = encrypted, FetchedAt = state.FetchedAt, IsFresh = true }, TimeSpan.Zero);
            }

            if (state?.RetryIn > TimeSpan.Zero)
            {
                return (state.IsRefused ? new TokenResult.Refused(state.Error ?? "") : new TokenResult.NotYet(state.RetryIn, state.Error), state.RetryIn);
            }

            var lease = Guid.NewGuid();
            if (state is not { IsLeased: true } && await _store.TryLeaseAsync(client.Version, lease, LeaseDuration, cancellationToken) is { } failures)
            {
                return await FetchAsync(client, lease, failures, cancellationToken);
            }

            // Another worker is at it.
            if (Now - beganAt > LongestFlight) return (new TokenResult.NotYet(LateAfter, Error: null), TimeSpan.Zero);
            await Task.Delay(LookInterval, _time, cancellationToken);
        }
    }

    private async Task<(TokenResult Result, TimeSpan Pause)> FetchAsync(OAuthClient client, Guid lease, int failures, CancellationToken cancellationToken)
    {
        var version = client.Version;
        switch (await _endpoint.FetchAsync(client, cancellationToken))
        {
            case TokenFetch.Fetched fetched:
                DograhTelemetry.TokensFetched.Add(1, new KeyValuePair<string, object?>("outcome", "fetched"));
                var margin = fetched.Lifetime * LargestMarginShare;
                var usableFor = fetched.Lifetime - (margin < ExpiryMargin ? margin : ExpiryMargin);
                var encrypted = _protector.Protect(version.OrganizationId, version.Uuid, fetched.Token);
                // Not stored is not sent: the credential was changed or deleted meanwhile.
                return await _store.StoreAsync(version, lease, encrypted, usableFor, PauseAfterToken, cancellationToken) is { } fetchedAt
                    ? (new TokenResult.Usable { Token = fetched.Token, EncryptedToken = encrypted, FetchedAt = fetchedAt, IsFresh = true }, TimeSpan.Zero)
                    : (new TokenResult.NotYet(ShortDelay, Error: null), TimeSpan.Zero);
            case TokenFetch.Refused refused:
                DograhTelemetry.TokensFetched.Add(1, new KeyValuePair<string, object?>("outcome", "refused"));
                LogRefused(_logger, version.Uuid, version.OrganizationId, refused.Reason);
                await _store.FailAsync(version, lease, PauseAfterRefusal, refused.Reason, isRefused: true, cancellationToken);
                return (new TokenResult.Refused(refused.Reason), PauseAfterRefusal);
            case TokenFetch.Unavailable unavailable:
                DograhTelemetry.TokensFetched.Add(1, new KeyValuePair<string, object?>("outcome", "unavailable"));
                var pause = PauseAfter(failures, unavailable.RetryAfter);
                LogUnavailable(_logger, version.Uuid, version.OrganizationId, unavailable.Error, pause.TotalSeconds);
                await _store.FailAsync(version, lease, pause, unavailable.Error, isRefused: false, cancellationToken);
                return (new TokenResult.NotYet(pause, unavailable.Error), pause);
            case var other:
                throw new InvalidOperationException($"No result for {other.GetType().Name}.");
        }
    }

    // 1, 2, 4, … s, or as long as the endpoint asks for.
    private static TimeSpan PauseAfter(int failures, TimeSpan? retryAfter)
    {
        var pause = TimeSpan.FromSeconds(Math.Min(Math.Pow(2, Math.Min(failures, 10)), LongestPauseSeconds));
        if (retryAfter is not { } asked || asked <= pause) return pause;
        return asked < Backoff.MaxRetryAfter ? asked : Backoff.MaxRetryAfter;
    }

    // Null for one that this process cannot open: it is taken away, and another fetched.
    private async Task<string?> OpenAsync(OAuthClient client, byte[] encrypted, CancellationToken cancellationToken)
    {
        try
        {
            return _protector.Unprotect(client.Version.OrganizationId, client.Version.Uuid, encrypted);
        }
        catch (CryptographicException e)
        {
            LogUnreadable(_logger, client.Version.Uuid, client.Version.OrganizationId, e.Message);
            await _store.DropAsync(client.Version, encrypted, cancellationToken);
            return null;
        }
    }

    private sealed record Flight(TimeSpan BeganAt, Task<TokenResult> Ended);

    private sealed record Held(TokenResult Result, TimeSpan Until);

    [LoggerMessage(1, LogLevel.Warning, "Credential {CredentialUuid} of organization {OrganizationId}: {Reason}; deliveries that need it are dead letters.")]
    private static partial void LogRefused(ILogger logger, Guid credentialUuid, long organizationId, [FailureText] string reason);

    [LoggerMessage(2, LogLevel.Warning, "Credential {CredentialUuid} of organization {OrganizationId}: {Error}; its deliveries wait, it is asked again in {PauseSeconds:0.#} s.")]
    private static partial void LogUnavailable(ILogger logger, Guid credentialUuid, long organizationId, [FailureText] string error, double pauseSeconds);

    [LoggerMessage(3, LogLevel.Error, "The token of credential {CredentialUuid} of organization {OrganizationId} cannot be had just now ({ErrorType}: {Error}); its deliveries are released.")]
    private static partial void LogFailed(ILogger logger, Guid credentialUuid, long organizationId, string errorType, [FailureText] string error);

    [LoggerMessage(4, LogLevel.Warning, "The token of credential {CredentialUuid} of organization {OrganizationId} cannot be decrypted; another one is fetched. {Error}")]
    private static partial void LogUnreadable(ILogger logger, Guid credentialUuid, long organizationId, [FailureText] string error);

    [LoggerMessage(5, LogLevel.Warning, "A refused token of credential {CredentialUuid} of organization {OrganizationId} cannot be taken away just now ({ErrorType}: {Error}).")]
    private static partial void LogNotDropped(ILogger logger, Guid credentialUuid, long organizationId, string errorType, [FailureText] string error);
}
