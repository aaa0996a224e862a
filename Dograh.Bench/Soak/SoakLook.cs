using System.Globalization;

namespace Dograh.Bench.Soak;

/// <summary>What there was at one moment of a soak.</summary>
/// <param name="At">Since it began.</param>
/// <param name="ApiMegabytes">The API's resident memory.</param>
/// <param name="WorkerMegabytes">The first worker's, which lives through it all.</param>
/// <param name="ApiHandles">Files and sockets that the API has open.</param>
/// <param name="WorkerHandles">The same of the first worker.</param>
/// <param name="Connections">To PostgreSQL, of all processes.</param>
/// <param name="Deliveries">Rows, as PostgreSQL counts them.</param>
/// <param name="DeadRows">Row versions of all tables that nobody sees any more.</param>
/// <param name="TableMegabytes">All tables without their indexes.</param>
/// <param name="IndexMegabytes">All indexes.</param>
/// <param name="QueueKeys">Members of the queue.</param>
internal sealed record SoakLook(
    TimeSpan At, double ApiMegabytes, double WorkerMegabytes, int ApiHandles, int WorkerHandles, long Connections, long Deliveries, long DeadRows,
    double TableMegabytes, double IndexMegabytes, long QueueKeys)
{
    /// <summary>What must not grow.</summary>
    public static readonly IReadOnlyList<(string Name, Func<SoakLook, double> Value)> Watched =
    [
        ("the API's memory", look => look.ApiMegabytes),
        ("the worker's memory", look => look.WorkerMegabytes),
        ("the API's handles", look => look.ApiHandles),
        ("the worker's handles", look => look.WorkerHandles),
        ("connections to PostgreSQL", look => look.Connections),
        ("tables", look => look.TableMegabytes),
        ("indexes", look => look.IndexMegabytes),
    ];

    public const string Heading = "| min | API MB | worker MB | API handles | worker handles | connections | deliveries | dead rows | tables MB | indexes MB | queue |";

    public const string Rule = "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |";

    public string ToRow() => string.Create(
        CultureInfo.InvariantCulture,
        $"| {At.TotalMinutes:0.0} | {ApiMegabytes:0} | {WorkerMegabytes:0} | {ApiHandles} | {WorkerHandles} | {Connections} | {Deliveries:#,0} | {DeadRows:#,0} | {TableMegabytes:0} | {IndexMegabytes:0} | {QueueKeys} |");
}
