using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Sending;

namespace Dograh.Webhooks.Credentials.OAuth;

/// <summary>Asks token endpoints for tokens, by the same way and within the same walls as deliveries leave.</summary>
public sealed class TokenEndpoint : IDisposable
{
    /// <summary>How long one request may take, from connecting to the last byte.</summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);

    private readonly EgressGuard _guard;
    private readonly TimeProvider _time;
    private readonly HttpMessageInvoker _invoker;

    /// <summary>Makes a client of its own: no connection is shared with deliveries.</summary>
    public TokenEndpoint(EgressGuard guard, TimeProvider time)
    {
        _guard = guard;
        _time = time;
        _invoker = new HttpMessageInvoker(ReceiverSockets.New(new EgressConnector(guard, time)));
    }

    /// <summary>Asks for a token: one request.</summary>
    /// <param name="client">Who asks, and where.</param>
    /// <param name="cancellationToken">Gives it up.</param>
    public async Task<TokenFetch> FetchAsync(OAuthClient client, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(Deadline, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        var started = _time.GetTimestamp();
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, WebhookRequest.ParseUrl(client.TokenUrl, _guard)) { Content = new FormUrlEncodedContent(client.Form) };
            request.Headers.TryAddWithoutValidation("Authorization", client.Authorization);
            request.Headers.TryAddWithoutValidation("Accept", "application/json");
            request.Headers.TryAddWithoutValidation("User-Agent", WebhookRequest.UserAgent);
            using var response = await _invoker.SendAsync(request, either.Token);
            var (body, isWhole) = await ReadAsync(response, either.Token);
            return Judge(client, response, body, isWhole, _time.GetElapsedTime(started));
        }
        catch (UnsendableException e)
        {
            return Refused(client, e.Message);
        }
        catch (HttpRequestException e) when (e.InnerException is EgressDeniedException denied)
        {
            return Refused(client, denied.Message);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Unavailable(client, $"timeout: no answer within {Deadline.TotalSeconds} s");
        }
        catch (Exception e) when (e is HttpRequestException or IOException or System.Net.Sockets.SocketException)
        {
            return Unavailable(client, AttemptLog.Describe(e));
        }
    }

    /// <inheritdoc />
    public void Dispose() => _invoker.Dispose();

    private static TokenFetch Judge(OAuthClient client, HttpResponseMessage response, byte[] body, bool isWhole, TimeSpan took)
    {
        var status = (int)response.StatusCode;
        switch (DeliveryTransitions.Classify(status))
        {
            case AttemptOutcome.Succeeded when !isWhole:
                return Refused(client, $"HTTP {status}, and the answer is longer than {TokenAnswer.MaxBytes} bytes");
            case AttemptOutcome.Succeeded:
                return TokenAnswer.Read(body, out var fault) is var (token, lifetime)
                    ? new TokenFetch.Fetched(token, lifetime > took ? lifetime - took : TimeSpan.Zero)
                    : Refused(client, $"HTTP {status}, and the answer is of no use: {fault}");
            case AttemptOutcome.TransientFailure:
                var retryAfter = status is 429 or 503 ? RetryAfter.Read(response.Headers, DateTimeOffset.MaxValue) : null;
                return Unavailable(client, $"HTTP {status}", retryAfter);
            default:
                return Refused(client, TokenAnswer.ReadError(body) is { } code ? $"HTTP {status}, {code}" : $"HTTP {status}");
        }
    }

    private static TokenFetch.Refused Refused(OAuthClient client, string why) => new(AttemptLog.FitError($"no token from {client.Origin}: {client.HideIn(why)}"));

    // .NET quotes what it cannot read as HTTP, and an endpoint may say there what it was told.
    private static TokenFetch.Unavailable Unavailable(OAuthClient client, string why, TimeSpan? retryAfter = null) =>
        new(AttemptLog.FitError($"no token just now from {client.Origin}: {client.HideIn(why)}"), retryAfter);

    private static async Task<(byte[] Body, bool IsWhole)> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        var buffer = new byte[TokenAnswer.MaxBytes + 1];
        var length = await body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        return (buffer[..Math.Min(length, TokenAnswer.MaxBytes)], length <= TokenAnswer.MaxBytes);
    }
}
