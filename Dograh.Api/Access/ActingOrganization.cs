using System.Globalization;
using System.Security.Claims;
using Dograh.Api.Http;
using Microsoft.AspNetCore.Authorization;
using Npgsql;

namespace Dograh.Api.Access;

/// <summary>Lets the operator act for an organization that a header names, on that organization's paths: with every scope, and on record as the operator.</summary>
/// <remarks>
/// An organization's key names nobody but its own organization. Naming another is refused rather than ignored, for a client that takes itself for somebody else must not write into its own; as
/// that is the same whether the other one exists or not, nothing is learned. Paths that are the operator's do not look at the header.
/// </remarks>
internal sealed class ActingOrganization(NpgsqlDataSource dataSource)
{
    public const string Header = "X-Dograh-Organization";

    private const int TimeoutSeconds = 3;

    /// <summary>The middleware, behind authentication and before authorization.</summary>
    public async Task ServeAsync(HttpContext context, RequestDelegate next)
    {
        if (context.Request.Headers.TryGetValue(Header, out var header) && context.User.Identity is { IsAuthenticated: true } && IsOfOrganizations(context.GetEndpoint()))
        {
            await AdmitAsync(context, Read(header.ToString()));
        }

        await next(context);
    }

    private static bool IsOfOrganizations(Endpoint? endpoint) =>
        endpoint?.Metadata.GetOrderedMetadata<IAuthorizeData>().Any(data => data.Policy is Policies.Organization or Policies.AnyKey) is true;

    private static long Read(string header) => long.TryParse(header, NumberStyles.None, CultureInfo.InvariantCulture, out var id)
        ? id
        : throw ApiProblemException.Unprocessable(Header, "must be an organization's id");

    private async Task AdmitAsync(HttpContext context, long organizationId)
    {
        if (!context.User.IsInRole(Policies.Admin))
        {
            if (Caller.Of(context).OrganizationId == organizationId) return;
            throw new ApiProblemException(StatusCodes.Status403Forbidden, "Forbidden", $"Only the operator's key acts for another organization ({Header}).");
        }

        if (!await ExistsAsync(organizationId, context.RequestAborted)) throw ApiProblemException.NotFound("organization");
        context.Features.Set(new ActingOperator());
        context.User.AddIdentity(new ClaimsIdentity([new Claim(Policies.OrganizationClaim, organizationId.ToString(CultureInfo.InvariantCulture))]));
    }

    private async Task<bool> ExistsAsync(long organizationId, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand("SELECT EXISTS (SELECT FROM organizations WHERE id = $1)");
        command.CommandTimeout = TimeoutSeconds;
        command.Parameters.Add(new() { Value = organizationId });
        return await command.ExecuteScalarAsync(cancellationToken) is true;
    }
}

/// <summary>Says of a request that the operator acts for the organization that it is a request of.</summary>
internal sealed record ActingOperator;
