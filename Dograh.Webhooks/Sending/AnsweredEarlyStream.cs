namespace Dograh.Webhooks.Sending;

/// <summary>A connection for one request, whose answer can be read though its body could not be written.</summary>
/// <remarks>
/// A large write that the connection has not taken in time goes on by itself, and whoever writes goes on to read. How the write ends is not asked for: a receiver
/// that has answered has answered, and one that has not is silent or hangs up, which reading tells as well. It ends with the connection at the latest.
/// </remarks>
/// <param name="connection">The connection.</param>
/// <param name="patience">How long a receiver that has perhaps answered already may take to read the body: so long it gets all of it.</param>
/// <param name="time">The clock.</param>
internal sealed class AnsweredEarlyStream(Stream connection, TimeSpan patience, TimeProvider time) : Stream
{
    // Smaller ones may come from a buffer that is filled again when they return; the body comes from the delivery's own array.
    private const int MinBytesApart = 32 * 1024;

    private Task _writing = Task.CompletedTask;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        // One after the other.
        await _writing.WaitAsync(cancellationToken);
        if (buffer.Length < MinBytesApart)
        {
            await connection.WriteAsync(buffer, cancellationToken);
            return;
        }

        // Whoever gives up on the request closes the connection, which ends the write.
        var write = connection.WriteAsync(buffer, CancellationToken.None);
        if (write.IsCompletedSuccessfully) return;
        _writing = EndAsync(write);
        try
        {
            await _writing.WaitAsync(patience, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            // The answer may be there: the caller looks.
        }
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => connection.ReadAsync(buffer, cancellationToken);

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    // Sockets and TLS keep nothing back.
    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing) connection.Dispose();
        base.Dispose(disposing);
    }

    private static async Task EndAsync(ValueTask write)
    {
        try
        {
            await write;
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or InvalidOperationException or OperationCanceledException)
        {
            // The receiver hung up, or we did: what matters is what it has said.
        }
    }
}
