namespace Dograh.Tests.Model;

/// <summary>Who and what there is in a test: two organizations with a run of two nodes each, and three workers.</summary>
internal static class Slots
{
    public const int Organizations = 2;

    public const int Workers = 3;

    public const int NodesPerRun = 2;

    public const int Count = Organizations * NodesPerRun;

    /// <summary>The attempts that each of a run's nodes grants.</summary>
    public static readonly int[] AttemptsOfNode = [3, 2];

    public static int OwnerOf(int slot) => slot / NodesPerRun;

    /// <summary>The slots of an organization's run.</summary>
    public static IEnumerable<int> Of(int owner) => Enumerable.Range(owner * NodesPerRun, NodesPerRun);

    public static string WorkerName(int worker) => $"worker-{worker}";
}
