namespace Dograh.Bench.Peers;

/// <summary>What a peer's processes say; see <see cref="PeerOrder"/>.</summary>
internal static class PeerWords
{
    public const string Ready = "ready";
    public const string Sent = "sent";
    public const string Done = "done";
}
