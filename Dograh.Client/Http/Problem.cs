using System.Text.Json;

namespace Dograh.Client.Http;

/// <summary>A problem as the API writes it.</summary>
internal sealed record Problem(string? Title, string? Detail, IReadOnlyDictionary<string, IReadOnlyList<string>>? Errors, string? TraceId)
{
    /// <summary>Reads an answer's problem; null if it is none.</summary>
    public static DograhApiException? TryRead(HttpResponseMessage response, string body)
    {
        try
        {
            var problem = JsonSerializer.Deserialize(body, ClientJson.Default.Problem);
            if (problem?.Title is not { } title) return null;
            var status = (int)response.StatusCode;
            return problem.Errors is { } errors
                ? new DograhApiException(status, title, problem.Detail) { Errors = errors, TraceId = problem.TraceId, RetryAfter = response.Headers.RetryAfter?.Delta }
                : new DograhApiException(status, title, problem.Detail) { TraceId = problem.TraceId, RetryAfter = response.Headers.RetryAfter?.Delta };
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
