namespace Dograh.Bench.Measuring;

/// <summary>The names under which the reports tell a <see cref="Sample"/>.</summary>
internal static class MetricNames
{
    public const string PerSecond = "per_second";
    public const string CpuPerThousand = "cpu_seconds_per_1000";
    public const string WalBytes = "wal_bytes_each";
    public const string Statements = "statements_each";
    public const string Transactions = "transactions_each";
    public const string P50 = "p50_ms";
    public const string P95 = "p95_ms";
    public const string P99 = "p99_ms";
    public const string Max = "max_ms";
    public const string StatementsPerClaim = "statements_per_claim";
    public const string ClaimMilliseconds = "claim_ms";
    public const string ClaimMicrosecondsPerRow = "claim_us_per_row";
    public const string AllocatedBytes = "worker_allocated_bytes_each";
    public const string CpuPercent = "cpu_percent";
    public const string StatementsPerSecond = "sql_per_second";
    public const string RedisCommandsPerSecond = "redis_per_second";
    public const string AcceptedP50 = "accepted_p50_ms";
    public const string AcceptedP99 = "accepted_p99_ms";

    public const string DeferralsPerBreak = "deferrals_per_delivery_and_break";

    private const string PeakRss = "peak_rss_mb.";
    private const string Cpu = "cpu_seconds_per_1000.";

    /// <summary>The largest resident memory of one process, in MiB.</summary>
    public static string PeakRssOf(string process) => PeakRss + process;

    /// <summary>The processor time of one process.</summary>
    public static string CpuPerThousandOf(string process) => Cpu + process;

    /// <summary>The heading of a column.</summary>
    public static string Heading(string name) => name switch
    {
        PerSecond => "per second",
        CpuPerThousand => "CPU s/1000",
        WalBytes => "WAL B",
        Statements => "SQL",
        Transactions => "commits",
        P50 => "p50 ms",
        P95 => "p95 ms",
        P99 => "p99 ms",
        Max => "max ms",
        StatementsPerClaim => "SQL/claim",
        ClaimMilliseconds => "claim ms",
        ClaimMicrosecondsPerRow => "claim µs/row",
        AllocatedBytes => "alloc. B",
        CpuPercent => "CPU %",
        StatementsPerSecond => "SQL/s",
        RedisCommandsPerSecond => "Redis/s",
        DeferralsPerBreak => "deferred/break",
        AcceptedP50 => "202 p50",
        AcceptedP99 => "202 p99",
        _ when name.StartsWith(PeakRss, StringComparison.Ordinal) => $"{name[PeakRss.Length..]} MB",
        _ when name.StartsWith(Cpu, StringComparison.Ordinal) => $"CPU s/1000 {name[Cpu.Length..]}",
        _ => name,
    };

    /// <summary>A value in five characters or so: a range has two.</summary>
    public static string FormatShort(double value) => value >= 10_000 ? $"{value / 1000:0.0}k" : Format(value);

    /// <summary>A value as people read it.</summary>
    public static string Format(double value) => Math.Abs(value) switch
    {
        0 => "0",
        >= 100 => value.ToString("#,0"),
        >= 10 => value.ToString("0.0"),
        >= 1 => value.ToString("0.00"),
        >= 0.001 => value.ToString("0.000"),
        _ => value.ToString("0.0E+0"),
    };
}
