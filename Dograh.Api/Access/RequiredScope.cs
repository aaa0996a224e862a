using Microsoft.AspNetCore.Authorization;

namespace Dograh.Api.Access;

/// <summary>Says of an organization's path which scope it needs. One that says nothing lets nobody in, and a test finds it.</summary>
/// <param name="scope">One of <see cref="Webhooks.Organizations.ApiKeyScope"/>.</param>
internal sealed class RequiredScope(string scope)
{
    public string Scope { get; } = scope;
}

/// <summary>Holds a request's key against the scope that its path needs.</summary>
internal sealed class ScopeCheck : AuthorizationHandler<ScopeCheck>, IAuthorizationRequirement
{
    protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, ScopeCheck requirement)
    {
        if (context.Resource is HttpContext request
            && request.GetEndpoint()?.Metadata.GetMetadata<RequiredScope>() is { } required
            && (request.Features.Get<CallerKey>() is { Key: { } key } ? key.May(required.Scope) : request.Features.Get<ActingOperator>() is not null))
        {
            context.Succeed(requirement);
        }

        return Task.CompletedTask;
    }
}

/// <summary>Declaring scopes.</summary>
internal static class RequiredScopes
{
    /// <summary>Lets only keys in that have the scope.</summary>
    public static TBuilder RequireScope<TBuilder>(this TBuilder endpoint, string scope) where TBuilder : IEndpointConventionBuilder =>
        endpoint.WithMetadata(new RequiredScope(scope));
}
