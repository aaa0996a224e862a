using System.CommandLine;
using Dograh.Cli.Access;
using Dograh.Cli.Output;
using Dograh.Client;

namespace Dograh.Cli;

/// <summary>One command being run.</summary>
internal sealed class Call(ParseResult result, Screen screen, Settings settings, CancellationToken token) : IDisposable
{
    private Connection? _connection;

    /// <summary>What it writes to.</summary>
    public Screen Screen { get; } = screen;

    /// <summary>Which server and for whom, as far as the command line says.</summary>
    public Settings Settings { get; } = settings;

    /// <summary>Cancelled by Ctrl+C.</summary>
    public CancellationToken Token { get; } = token;

    /// <summary>The API, signed in.</summary>
    /// <exception cref="CliException">Nobody is signed in.</exception>
    public DograhClient Client => Connection.Client;

    /// <summary>Where the API is and who is signed in.</summary>
    /// <exception cref="CliException">Nobody is signed in.</exception>
    public Connection Connection => _connection ??= Connection.Open(Settings);

    public T? Get<T>(Option<T> option) => result.GetValue(option);

    public T? Get<T>(Argument<T> argument) => result.GetValue(argument);

    /// <summary>Whether an option is on the command line.</summary>
    public bool IsGiven(Option option) => result.GetResult(option) is { Implicit: false };

    public void Dispose() => _connection?.Dispose();
}
