using Dograh.Client;

namespace Dograh.Cli;

/// <summary>A fault to be told to whoever typed the command.</summary>
/// <param name="exitCode">What the program ends with.</param>
/// <param name="message">What is wrong.</param>
/// <param name="advice">What to do about it; null where the message says it.</param>
internal sealed class CliException(int exitCode, string message, string? advice = null) : Exception(message)
{
    public int ExitCode { get; } = exitCode;

    public string? Advice { get; } = advice;

    /// <summary>What was asked for makes no sense.</summary>
    public static CliException Usage(string message, string? advice = null) => new(ExitCodes.Usage, message, advice);

    /// <summary>The fault that a call's failure is.</summary>
    public static CliException Of(DograhException e) => e switch
    {
        DograhApiException refusal => Of(refusal),
        _ => new CliException(ExitCodes.Unreachable, e.Message, "Is the address right, and does the server run? 'dograh doctor' looks closer."),
    };

    private static CliException Of(DograhApiException e)
    {
        var faults = string.Concat(e.Errors.SelectMany(field => field.Value.Select(fault => $"\n  {(field.Key.Length == 0 ? "the body" : field.Key)} {fault}")));
        return e.Status switch
        {
            401 => new CliException(ExitCodes.NotSignedIn, "The key is not valid, or no longer.", "Sign in again: dograh login"),
            403 => new CliException(ExitCodes.NotSignedIn, e.Message, "Sign in with a key that may, or say with --organization for whom the operator acts."),
            404 => new CliException(ExitCodes.NotFound, e.Detail ?? e.Title),
            400 or 413 or 422 => new CliException(ExitCodes.Usage, $"{e.Message}{faults}"),
            429 or 502 or 503 or 504 => new CliException(
                ExitCodes.Unreachable, e.Message, e.RetryAfter is { } wait ? $"Try again in {wait.TotalSeconds:0} s." : null),
            >= 500 => new CliException(ExitCodes.Failed, e.Message, e.TraceId is null ? null : $"The server's log tells more, by the trace {e.TraceId}."),
            _ => new CliException(ExitCodes.Failed, e.Message),
        };
    }
}
