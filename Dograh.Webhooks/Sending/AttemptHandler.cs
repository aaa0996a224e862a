using System.Buffers;
using System.Net.Sockets;
using Dograh.Webhooks.Deliveries;

namespace Dograh.Webhooks.Sending;

/// <summary>The innermost handler: one HTTP request, its body read up to a cap, all under the pipeline's one deadline.</summary>
/// <remarks>
/// The body is read in here, so that a receiver which drips it keeps its place in its own concurrency limit and cannot outlive the
/// deadline. Once the status line is there the attempt is decided: whatever the body then does, the response is returned.
/// </remarks>
internal sealed class AttemptHandler(
    DatabaseClock clock, TimeProvider time, Func<bool> isStopping, Func<ClaimedDelivery, CancellationToken, Task<bool>> isHeld) : DelegatingHandler
{
    // A claim that has waited for so long, in its receiver's line or for an access token, is asked after before it is used: it may have been cancelled since (I5).
    private static readonly TimeSpan Stale = TimeSpan.FromSeconds(0.25);
    private static readonly TimeSpan AskFor = TimeSpan.FromSeconds(1);

    /// <summary>How much of a body is read off the wire; the connection is given up beyond it.</summary>
    public const int MaxReadBytes = 64 * 1024;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var capture = AttemptCapture.Of(request);
        // Waiting for a place is over: from here on only the attempt's own deadline counts.
        if (capture.Patience is { } patience)
        {
            patience.CancelAfter(Timeout.InfiniteTimeSpan);
            capture.Origin.EndWait(patience);
            if (patience.IsCancellationRequested) throw new WaitedTooLongException();
        }

        if (isStopping()) throw new NotBegunException();
        if (capture.Delivery.Test is null && time.GetElapsedTime(capture.GivenAt) > Stale && !await IsHeldAsync(capture, cancellationToken)) throw new ClaimGoneException();

        var startedAt = clock.Now;
        // Waiting for a place may have used up the lease's margin: another worker could take the row while this one is still sending.
        if (startedAt + capture.Timeout > capture.LeaseUntil) throw new LeaseTooShortException();

        WebhookRequest.Sign(request, capture.Delivery, capture.Keys, startedAt);
        capture.StartedAt = startedAt;
        var timestamp = time.GetTimestamp();
        try
        {
            var response = await base.SendAsync(request, cancellationToken);
            capture.StatusCode = response.StatusCode;
            await ReadBodyAsync(response, capture, cancellationToken);
            return response;
        }
        catch (SocketException e)
        {
            // .NET asks a new connection for its address; where the receiver has reset it already, that throws, as it is.
            throw new HttpRequestException(HttpRequestError.ConnectionError, e.Message, e);
        }
        finally
        {
            capture.Duration = time.GetElapsedTime(timestamp);
        }
    }

    // PostgreSQL may be away: what is claimed is claimed, and sent.
    private async Task<bool> IsHeldAsync(AttemptCapture capture, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        // The attempt's deadline runs already, and is the receiver's.
        patience.CancelAfter(capture.Timeout / 4 < AskFor ? capture.Timeout / 4 : AskFor);
        try
        {
            return await isHeld(capture.Delivery, patience.Token).WaitAsync(patience.Token);
        }
        catch (Exception) when (!cancellationToken.IsCancellationRequested)
        {
            return true;
        }
    }

    private static async Task ReadBodyAsync(HttpResponseMessage response, AttemptCapture capture, CancellationToken cancellationToken)
    {
        if (response.Content.Headers.ContentLength == 0) return;
        var buffer = ArrayPool<byte>.Shared.Rent(MaxReadBytes);
        var length = 0;
        try
        {
            var body = await response.Content.ReadAsStreamAsync(cancellationToken);
            int read;
            while (length < MaxReadBytes && (read = await body.ReadAsync(buffer.AsMemory(length, MaxReadBytes - length), cancellationToken)) > 0)
            {
                length += read;
            }
        }
        catch (Exception e) when (e is IOException or HttpRequestException or OperationCanceledException or InvalidDataException)
        {
            // The status line has decided; what of the body arrived is kept for the log.
        }
        finally
        {
            capture.BodyStart = buffer.AsSpan(0, length).ToArray();
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}

/// <summary>The claim would not outlast the attempt: nothing was sent.</summary>
internal sealed class LeaseTooShortException() : Exception("The lease ends before the attempt's deadline.");

/// <summary>There was no place for so long that the delivery had better come back: nothing was sent.</summary>
internal sealed class WaitedTooLongException() : Exception("No place became free in time.");

/// <summary>The worker is stopping: nothing was sent.</summary>
internal sealed class NotBegunException() : Exception("The worker is stopping.");

/// <summary>The claim no longer holds its delivery: nothing was sent.</summary>
internal sealed class ClaimGoneException() : Exception("The claim no longer holds the delivery.");
