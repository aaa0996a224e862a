using System.Collections.Concurrent;
using Dograh.Webhooks.Redaction;
using Microsoft.Extensions.Logging;

namespace Dograh.Tests.Support;

/// <summary>Keeps what is logged, and shows it with the output of the test.</summary>
internal sealed class TestLog : ILoggerProvider, ISupportExternalScope
{
    private readonly ConcurrentQueue<LogEntry> _entries = new();
    private readonly ITestOutputHelper? _output = TestContext.Current.TestOutputHelper;
    private IExternalScopeProvider _scopes = new LoggerExternalScopeProvider();

    /// <summary>All entries, in order.</summary>
    public IReadOnlyList<LogEntry> Entries => [.. _entries];

    /// <summary>Whether some message has this text.</summary>
    public bool Has(string text) => _entries.Any(entry => entry.Message.Contains(text, StringComparison.Ordinal));

    /// <summary>A logger that keeps its entries here, for what is made without a host.</summary>
    public ILogger<T> For<T>() => new Logger<T>(LoggerFactory.Create(logging => logging.AddProvider(this).SetMinimumLevel(LogLevel.Trace).RedactByClass()));

    public ILogger CreateLogger(string categoryName) => new CategoryLogger(this, categoryName);

    public void SetScopeProvider(IExternalScopeProvider scopeProvider) => _scopes = scopeProvider;

    public void Dispose()
    {
    }

    private void Add(LogEntry entry)
    {
        _entries.Enqueue(entry);
        try
        {
            _output?.WriteLine($"{entry.Level,-11} {entry.Category.Split('.')[^1]}: {entry.Message}{(entry.Exception is null ? "" : $"\n{entry.Exception}")}");
        }
        catch (InvalidOperationException)
        {
            // The test is over, and what it started is still stopping.
        }
    }

    private sealed class CategoryLogger(TestLog log, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => log._scopes.Push(state);

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var scopes = new List<KeyValuePair<string, object?>>();
            log._scopes.ForEachScope((scope, values) =>
            {
                if (scope is IEnumerable<KeyValuePair<string, object?>> pairs) values.AddRange(pairs);
            }, scopes);
            log.Add(new LogEntry(logLevel, category, formatter(state, exception), exception, scopes));
        }
    }
}

/// <summary>A log entry with what its scopes say.</summary>
internal sealed record LogEntry(
    LogLevel Level, string Category, string Message, Exception? Exception, IReadOnlyList<KeyValuePair<string, object?>> Scope);
