namespace Dograh.Standalone;

/// <summary>How an API or a worker is started.</summary>
public sealed record ServiceOptions
{
    /// <summary>What it is called in messages: "API", "worker 1".</summary>
    public required string Name { get; init; }

    /// <summary>Its assembly: <see cref="StackLayout.ApiAssembly"/> or <see cref="StackLayout.WorkerAssembly"/>.</summary>
    public required string Assembly { get; init; }

    /// <summary>What it is called with. Everybody on the machine can read it, so never a secret.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>What is added to our own environment; a null value takes a variable away.</summary>
    public IReadOnlyDictionary<string, string?> Environment { get; init; } = new Dictionary<string, string?>();

    /// <summary>The file that its output is appended to.</summary>
    public required string LogFile { get; init; }

    /// <summary>The address that answers 200 once the service is ready, or null if being alive is all that can be asked.</summary>
    public Uri? Health { get; init; }

    /// <summary>How long it may take until it is ready.</summary>
    /// <value>Default 2 minutes.</value>
    public TimeSpan StartLimit { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Where its process id is remembered for a later start, or null for nowhere.</summary>
    internal string? PidFile { get; init; }
}

/// <summary>An API or a worker in a process of its own.</summary>
public sealed class ServiceProcess : ISupervised
{
    private static readonly TimeSpan DefaultGrace = TimeSpan.FromSeconds(30);

    private static readonly HttpClient Http = new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false }) { Timeout = TimeSpan.FromSeconds(5) };

    private readonly ServiceOptions _options;
    private ChildProcess _child;

    private ServiceProcess(ServiceOptions options, ChildProcess child)
    {
        _options = options;
        _child = child;
    }

    /// <inheritdoc/>
    public string Name => _options.Name;

    /// <inheritdoc/>
    public int ProcessId => _child.Id;

    /// <inheritdoc/>
    public string LogFile => _options.LogFile;

    /// <inheritdoc/>
    public Task<int> Exited => _child.Exited;

    /// <summary>Starts a service, and does not wait until it is ready.</summary>
    /// <exception cref="StandaloneException">It could not be started at all.</exception>
    public static async Task<ServiceProcess> StartAsync(ServiceOptions options)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(options.LogFile))!);
        return new ServiceProcess(options, await LaunchAsync(options));
    }

    /// <summary>Waits until <see cref="ServiceOptions.Health"/> answers 200.</summary>
    /// <exception cref="StandaloneException">The process ended first, or the time was over; the message has the end of its log.</exception>
    public async Task WaitUntilReadyAsync(CancellationToken cancellationToken = default)
    {
        var current = _child;
        var ready = _options.Health is not { } health
            || await Poll.UntilAsync(async token => current.Exited.IsCompleted || await IsHealthyAsync(health, token), _options.StartLimit, cancellationToken);
        if (current.Exited.IsCompleted)
        {
            throw new StandaloneException($"The {Name} {ChildProcess.Describe(await current.Exited)} before it was ready. {EndOfLog()}");
        }

        if (!ready)
        {
            throw new StandaloneException($"The {Name} is not ready after {_options.StartLimit.TotalSeconds:0} s. {EndOfLog()}");
        }
    }

    /// <summary>Waits until the service has written something to its log, since it was first started.</summary>
    /// <exception cref="StandaloneException">The time was over first, or the process ended without having written it.</exception>
    public async Task WaitForLogAsync(string text, TimeSpan limit, CancellationToken cancellationToken = default)
    {
        var current = _child;
        var found = false;
        await Poll.UntilAsync(
            _ =>
            {
                // In this order: what a process writes last must still be found.
                var ended = current.Exited.IsCompleted;
                found = LogFiles.ReadFrom(LogFile, 0).Contains(text, StringComparison.Ordinal);
                return Task.FromResult(found || ended);
            },
            limit,
            cancellationToken);
        if (!found)
        {
            throw new StandaloneException($"The {Name} did not write \"{text}\". {EndOfLog()}");
        }
    }

    /// <inheritdoc/>
    public void Kill() => _child.Kill();

    /// <summary>Asks the service to stop (SIGTERM), and kills it if it has not within the grace period.</summary>
    /// <param name="grace">The grace period; null means 30 s.</param>
    /// <returns>False if it had to be killed.</returns>
    public async Task<bool> StopAsync(TimeSpan? grace = null)
    {
        var inTime = await _child.StopAsync(UnixSignal.Terminate, grace ?? DefaultGrace);
        if (_options.PidFile is { } pidFile)
        {
            File.Delete(pidFile);
        }

        return inTime;
    }

    /// <inheritdoc/>
    public async Task RestartAsync(CancellationToken cancellationToken = default)
    {
        await StopAsync();
        _child.Dispose();
        _child = await LaunchAsync(_options);
        await WaitUntilReadyAsync(cancellationToken);
    }

    /// <summary>Stops the service.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _child.Dispose();
    }

    private static async Task<ChildProcess> LaunchAsync(ServiceOptions options)
    {
        var launched = await ChildProcess.StartAsync(new ChildCommand
        {
            Executable = StackLayout.DotnetHost,
            Arguments = ["exec", options.Assembly, .. options.Arguments],
            Environment = options.Environment,
            WorkingDirectory = Path.GetDirectoryName(options.Assembly)!, // its content root: settings and web assets
            LogFile = Path.GetFullPath(options.LogFile),
        });
        if (options.PidFile is { } pidFile)
        {
            PidFiles.Write(pidFile, launched.Id);
        }

        return launched;
    }

    private static async Task<bool> IsHealthyAsync(Uri health, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await Http.GetAsync(health, cancellationToken);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return false;
        }
    }

    private string EndOfLog() =>
        $"The end of {LogFile}:\n{LogFiles.LastLines(LogFiles.ReadFrom(LogFile, 0), 8)}";
}
