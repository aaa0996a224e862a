namespace Dograh.Webhooks.Sending;

/// <summary>Sends requests with large bodies over connections of their own, on which an answer can be read though the body could not be written.</summary>
/// <remarks>
/// A small body fits into the sockets' buffers and is written at once. A large one is written as the receiver reads it, and .NET reads no answer of
/// HTTP/1.1 before that is done: a receiver that answers first and reads the body late, in part, or never would be a timeout or a broken connection
/// although it has said 2xx; its delivery would be sent again and in the end be a dead letter (I4). So such a body is written by
/// <see cref="AnsweredEarlyStream"/>: half of the attempt's deadline is for writing it, and then the answer is looked for. Its connection, on which the rest of
/// the body may be stuck, is not used again.
/// </remarks>
internal sealed class LargeBodyHandler : HttpMessageHandler
{
    /// <summary>The largest body that counts as small, in bytes: what Linux takes with its default buffers while nobody reads.</summary>
    public const int MaxSmallBytes = 64 * 1024;

    private readonly HttpMessageInvoker _small;
    private readonly HttpMessageInvoker _large;

    /// <summary>Takes over two handlers that are alike.</summary>
    public LargeBodyHandler(SocketsHttpHandler small, SocketsHttpHandler large, TimeProvider time)
    {
        large.PooledConnectionLifetime = TimeSpan.Zero;
        var filter = large.PlaintextStreamFilter;
        large.PlaintextStreamFilter = async (context, cancellationToken) => new AnsweredEarlyStream(
            filter is null ? context.PlaintextStream : await filter(context, cancellationToken), AttemptCapture.Of(context.InitialRequestMessage).Timeout / 2, time);
        _small = new HttpMessageInvoker(small);
        _large = new HttpMessageInvoker(large);
    }

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        (request.Content?.Headers.ContentLength > MaxSmallBytes ? _large : _small).SendAsync(request, cancellationToken);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _small.Dispose();
            _large.Dispose();
        }

        base.Dispose(disposing);
    }
}
