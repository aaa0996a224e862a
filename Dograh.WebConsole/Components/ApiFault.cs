using Dograh.Client;

namespace Dograh.WebConsole.Components;

/// <summary>Why a call of the API gave nothing, for people.</summary>
/// <param name="Message">What is wrong and what to do.</param>
/// <param name="IsSignedOut">Whether the key has stopped working, so that nothing but signing in again helps.</param>
/// <param name="TraceId">What to ask the operator about; null if nobody answered.</param>
public sealed record ApiFault(string Message, bool IsSignedOut = false, string? TraceId = null)
{
    /// <summary>Whether an exception is one of a call, and not a fault in a page.</summary>
    public static bool IsOne(Exception exception) => exception is DograhException;

    /// <summary>Tells an exception of a call.</summary>
    public static ApiFault Of(Exception exception) => exception switch
    {
        DograhApiException { Status: 401 } => new ApiFault("Your key no longer works: it has expired, or somebody has deleted it.", IsSignedOut: true),
        DograhApiException { Errors.Count: > 0 } problem => new ApiFault(string.Join("; ", problem.Errors.Select(error => $"{error.Key} {string.Join(", ", error.Value)}")), TraceId: problem.TraceId),
        DograhApiException problem => new ApiFault(problem.Detail ?? problem.Title, TraceId: problem.TraceId),
        DograhConnectionException connection => new ApiFault(connection.Message),
        _ => new ApiFault(exception.Message),
    };
}
