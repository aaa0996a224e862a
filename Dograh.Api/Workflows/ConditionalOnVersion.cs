using Dograh.Api.Http;
using Microsoft.Net.Http.Headers;

namespace Dograh.Api.Workflows;

/// <summary>
/// Marks a path that changes a thing only in the version that its caller has seen, if the caller says which: <c>If-Match: "3"</c> (RFC 9110, 13.1.1). A version is also the
/// <c>ETag</c> of the thing that has it.
/// </summary>
internal sealed class ConditionalOnVersion
{
    /// <summary>Says which version an answer shows.</summary>
    public static void Tag(HttpResponse response, int version) => response.Headers.ETag = TagOf(version);

    /// <summary>Refuses a request that is meant for another version than there is.</summary>
    /// <exception cref="ApiProblemException">It is: 412. Or what it asks for is no version: 422.</exception>
    public static void Demand(HttpRequest request, int version)
    {
        var header = request.Headers.IfMatch;
        if (header.Count == 0) return;
        if (!EntityTagHeaderValue.TryParseList(header, out var tags)) throw ApiProblemException.Unprocessable(HeaderNames.IfMatch, "must be a version in quotes, such as \"3\", or *");
        var current = new EntityTagHeaderValue(TagOf(version));
        if (tags.Any(tag => tag.Equals(EntityTagHeaderValue.Any) || tag.Compare(current, useStrongComparison: true))) return;
        throw new ApiProblemException(
            StatusCodes.Status412PreconditionFailed, "Changed meanwhile", $"Version {version} has been saved meanwhile; look at it before you save yours.");
    }

    private static string TagOf(int version) => $"\"{version}\"";
}
