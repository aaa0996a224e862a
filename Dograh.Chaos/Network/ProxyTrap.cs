using System.Text;

namespace Dograh.Chaos.Network;

/// <summary>Which bytes a trap looks at.</summary>
internal enum Way
{
    /// <summary>What the client says.</summary>
    ToServer,

    /// <summary>What the server says.</summary>
    ToClient,
}

/// <summary>What a trap does to the connection that it has caught.</summary>
internal enum TrapAction
{
    /// <summary>Holds back the bytes in which the pattern is, and all that follow them.</summary>
    HoldBefore,

    /// <summary>Lets the bytes through, and holds back whatever the other side answers.</summary>
    HoldAnswer,

    /// <summary>Lets half of the bytes through and resets the connection.</summary>
    CutMidway,
}

/// <summary>Waits for a pattern on a line and then acts on that connection, once. This is how a process is killed at an exact instant.</summary>
/// <remarks>
/// PostgreSQL's protocol carries a statement's text in its Parse message (and in Query for COMMIT), so that a piece of SQL is a pattern, as long as
/// nothing is prepared: <c>Max Auto Prepare=0</c>. A Redis command and a status line are text anyway.
/// </remarks>
internal sealed class ProxyTrap(string pattern, TrapAction action, Way way = Way.ToServer)
{
    private readonly TaskCompletionSource _sprung = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ProxiedConnection? _caught;

    /// <summary>Completes when the pattern was seen and the connection is held (or cut).</summary>
    public Task Sprung => _sprung.Task;

    /// <summary>What it does.</summary>
    public TrapAction Action => action;

    /// <summary>Which bytes it looks at.</summary>
    public Way Way => way;

    /// <summary>The bytes that it looks for.</summary>
    public byte[] Pattern { get; } = Encoding.UTF8.GetBytes(pattern);

    /// <summary>Completes when what was held may go on.</summary>
    public Task Released => _released.Task;

    /// <summary>Lets everything go on; a trap that has not sprung never will.</summary>
    public void Release()
    {
        Interlocked.CompareExchange(ref _caught, ProxiedConnection.None, null);
        _released.TrySetResult();
    }

    /// <summary>Resets the connection that it holds: what was held back is never passed on.</summary>
    public void Cut()
    {
        Interlocked.CompareExchange(ref _caught, ProxiedConnection.None, null);
        _caught?.Dispose();
        _released.TrySetResult();
    }

    /// <summary>Takes the connection, if it is the first.</summary>
    public bool TryCatch(ProxiedConnection connection) => Interlocked.CompareExchange(ref _caught, connection, null) is null;

    /// <summary>Tells that the connection is in its hands.</summary>
    public void Spring() => _sprung.TrySetResult();
}
