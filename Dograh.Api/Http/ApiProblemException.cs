namespace Dograh.Api.Http;

/// <summary>A request that cannot be answered as asked; it becomes an RFC 9457 problem.</summary>
internal sealed class ApiProblemException(int status, string title, string detail, IReadOnlyDictionary<string, string[]>? errors = null)
    : Exception(detail)
{
    public int Status { get; } = status;

    public string Title { get; } = title;

    /// <summary>Faults by JSON pointer or field path; null where the request as a whole is at fault.</summary>
    public IReadOnlyDictionary<string, string[]>? Errors { get; } = errors;

    public static ApiProblemException NotFound(string what) =>
        new(StatusCodes.Status404NotFound, "Not found", $"There is no such {what}.");

    public static ApiProblemException Conflict(string detail) => new(StatusCodes.Status409Conflict, "Conflict", detail);

    public static ApiProblemException Malformed(string detail) => new(StatusCodes.Status400BadRequest, "Malformed request", detail);

    public static ApiProblemException Unprocessable(IReadOnlyDictionary<string, string[]> errors) =>
        new(StatusCodes.Status422UnprocessableEntity, "Validation failed",
            $"{errors.Count} {(errors.Count == 1 ? "field is" : "fields are")} not as they must be; see errors.", errors);

    public static ApiProblemException Unprocessable(string field, string fault) =>
        Unprocessable(new Dictionary<string, string[]>(StringComparer.Ordinal) { [field] = [fault] });
}
