namespace Dograh.Client;

/// <summary>The API refused: its problem (RFC 9457).</summary>
public sealed class DograhApiException(int status, string title, string? detail) : DograhException(detail is null ? title : $"{title}: {detail}")
{
    private static readonly IReadOnlyDictionary<string, IReadOnlyList<string>> None = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);

    /// <summary>The HTTP status.</summary>
    public int Status { get; } = status;

    /// <summary>What kind of problem it is.</summary>
    public string Title { get; } = title;

    /// <summary>What is wrong, for a reader; null if nothing more is said.</summary>
    public string? Detail { get; } = detail;

    /// <summary>What is wrong with the request's fields, by JSON pointer or field path; empty if it is not about fields.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Errors { get; init; } = None;

    /// <summary>The trace to ask the operator about.</summary>
    public string? TraceId { get; init; }

    /// <summary>How long to wait before it is worth trying again; null if the API does not say.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
