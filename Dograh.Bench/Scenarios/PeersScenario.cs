using Dograh.Bench.Measuring;
using Dograh.Bench.Peers;
using Dograh.Bench.Roles;
using Dograh.Bench.Stack;
using Dograh.Standalone;

namespace Dograh.Bench.Scenarios;

/// <summary>Others that do the same in the same run: the same payload, to the same receiver, from the first addition until all are recorded.</summary>
/// <remarks>
/// Their producers add to the store directly, where ours goes through the API. Each has its worker and its producer in processes of their own, a
/// connection pool that is kept alive, and the settings that its documentation recommends for throughput.
/// </remarks>
internal static class PeersScenario
{
    private const int InFlight = 64;
    private const int Bulk = 100;
    private const int BulkInFlight = 4;

    // Threads: each holds one while it waits for the receiver or PostgreSQL, and more of them only contend.
    private const int HangfireWorkers = 32;
    private const int HangfireProducers = 16;

    public static Scenario Create(BenchStack stack, BenchSize size)
    {
        var node = new NodePeers(stack);
        return new Scenario(
            "peers",
            $"the same from others in turns, their producers without HTTP; in batches of {Bulk} where it says so",
            [
                EndToEndScenario.Single(stack, size),
                EndToEndScenario.Batch(stack, size),
                .. BullMq(stack, size, node, durable: false),
                .. BullMq(stack, size, node, durable: true),
                .. OnPostgres(stack, size, node, "pg-boss", "pgboss", "pgboss-producer", "pgboss-worker"),
                .. OnPostgres(stack, size, node, "graphile-worker", "graphile_worker", "graphile-producer", "graphile-worker"),
                Hangfire(stack, size).ToSide(stack),
            ])
        {
            Columns =
            [
                MetricNames.PerSecond, MetricNames.P50, MetricNames.P99, MetricNames.CpuPerThousand, MetricNames.WalBytes, MetricNames.Statements,
                MetricNames.PeakRssOf("worker"),
            ],
        };
    }

    private static IEnumerable<Side> BullMq(BenchStack stack, BenchSize size, NodePeers node, bool durable)
    {
        var name = durable ? "BullMQ durable" : "BullMQ";
        var peer = new Peer
        {
            Name = name,
            OpenAsync = async () =>
            {
                await node.InstallAsync();
                return await PeerStore.OfRedisAsync(stack, durable);
            },
            StartProducer = () => node.Start("bullmq-producer"),
            StartWorker = () => node.Start("bullmq-worker"),
            Concurrency = InFlight,
            InFlight = InFlight,
            Count = size.Share(24_000),
        };
        var hindrance = NodePeers.Hindrance ?? (RedisServer.IsInstalled ? null : "no redis-server on this machine");
        var paced = size.Seconds(10);
        return
        [
            Available(peer, stack, hindrance),
            Available(peer with { Name = $"{name} batch", Bulk = Bulk, InFlight = BulkInFlight }, stack, hindrance),
            Available(peer with { Name = $"{name} 200/s", PerSecond = 200, Count = (int)(200 * paced) }, stack, hindrance),
        ];
    }

    private static IEnumerable<Side> OnPostgres(BenchStack stack, BenchSize size, NodePeers node, string name, string schema, string producer, string worker)
    {
        var peer = new Peer
        {
            Name = name,
            OpenAsync = async () =>
            {
                await node.InstallAsync();
                return await PeerStore.OfPostgresAsync(stack, schema);
            },
            StartProducer = () => node.Start(producer),
            StartWorker = () => node.Start(worker),
            Concurrency = InFlight,
            InFlight = InFlight,
            Count = size.Share(4_000),
        };
        return
        [
            Available(peer, stack, NodePeers.Hindrance),
            Available(peer with { Name = $"{name} batch", Bulk = Bulk, InFlight = BulkInFlight }, stack, NodePeers.Hindrance),
        ];
    }

    private static Peer Hangfire(BenchStack stack, BenchSize size) => new()
    {
        Name = "Hangfire",
        OpenAsync = () => PeerStore.OfPostgresAsync(stack, HangfireStorage.Schema),
        StartProducer = () => RoleProcess.Start(Role.HangfireProducer),
        StartWorker = () => RoleProcess.Start(Role.HangfireWorker),
        Concurrency = HangfireWorkers,
        InFlight = HangfireProducers,
        Count = size.Share(1_600),
        // Its first quarter of a minute is slow, whatever the number of threads: not what it would be judged by.
        WarmUp = size.Quick ? TimeSpan.Zero : TimeSpan.FromSeconds(20),
    };

    private static Side Available(Peer peer, BenchStack stack, string? hindrance) =>
        hindrance is null ? peer.ToSide(stack) : Side.Missing(peer.Name, hindrance);
}
