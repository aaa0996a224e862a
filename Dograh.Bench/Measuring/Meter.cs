namespace Dograh.Bench.Measuring;

/// <summary>Looks at a set of processes and PostgreSQL before and after, and tells the difference.</summary>
internal sealed class Meter
{
    private readonly IReadOnlyDictionary<string, int> _processes;
    private readonly DatabaseMeter? _database;
    private Dictionary<string, ProcessUse> _before = [];
    private DatabaseUse _databaseBefore;

    private Meter(IReadOnlyDictionary<string, int> processes, DatabaseMeter? database) => (_processes, _database) = (processes, database);

    /// <summary>Takes the look before.</summary>
    /// <param name="processes">Process ids by the names they are reported under.</param>
    /// <param name="database">Null where PostgreSQL has no part.</param>
    public static async Task<Meter> StartAsync(Dictionary<string, int> processes, DatabaseMeter? database)
    {
        var meter = new Meter(processes, database);
        foreach (var processId in processes.Values) ProcessMeter.ResetPeak(processId);
        if (database is not null) meter._databaseBefore = await database.ReadAsync();
        meter._before = processes.ToDictionary(process => process.Key, process => ProcessMeter.Read(process.Value));
        return meter;
    }

    /// <summary>Takes the look after.</summary>
    public async Task<(IReadOnlyDictionary<string, ProcessUse> Processes, DatabaseUse? Database)> StopAsync()
    {
        var used = _processes.ToDictionary(process => process.Key, process => ProcessMeter.Read(process.Value).Since(_before[process.Key]));
        return (used, _database is null ? null : (await _database.ReadAsync()).Since(_databaseBefore));
    }
}
