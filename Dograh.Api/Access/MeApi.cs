using Dograh.Webhooks.Data;
using Dograh.Webhooks.Runs;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace Dograh.Api.Access;

/// <summary>Who a key is: what a client needs to know to offer what its key may do, and nothing else.</summary>
internal static class MeApi
{
    private const string OrganizationRole = "organization";
    private const string OperatorRole = "operator";

    public static void MapMe(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/me", GetMe).WithTags("Who am I").RequireAuthorization(Policies.AnyKey).WithName("GetMe")
            .WithSummary("Say whose the key is, and what it may do; takes any key that works, whatever its scopes");

    private static async Task<Ok<MeView>> GetMe(HttpContext context, TenantDatabase tenants, CancellationToken cancellationToken)
    {
        var role = context.User.IsInRole(Policies.Admin) ? OperatorRole : OrganizationRole;
        // An operator who acts for nobody.
        if (!context.User.HasClaim(claim => claim.Type == Policies.OrganizationClaim)) return TypedResults.Ok(new MeView(role, Organization: null, Key: null));

        var caller = Caller.Of(context);
        await using var database = tenants.CreateContext(caller.OrganizationId);
        var organization = await database.Organizations.Where(x => x.Id == caller.OrganizationId).Select(x => new MyOrganizationView(x.Id, x.Name)).SingleAsync(cancellationToken);
        if (caller.Key is not { } key) return TypedResults.Ok(new MeView(role, organization, Key: null));
        // Deleted this moment.
        var name = await database.ApiKeys.Where(x => x.OrganizationId == caller.OrganizationId && x.Id == key.Id).Select(x => x.Name).SingleOrDefaultAsync(cancellationToken)
            ?? throw new KeyGoneException();
        return TypedResults.Ok(new MeView(role, organization, new MyKeyView(key.Id, name, key.Prefix, key.Scopes, key.ExpiresAt)));
    }
}

/// <summary>Who a key is.</summary>
/// <param name="Role"><c>organization</c> or <c>operator</c>.</param>
/// <param name="Organization">Whose key it is, or whom the operator acts for; null where the operator acts for nobody.</param>
/// <param name="Key">The key; null for the operator's.</param>
internal sealed record MeView(string Role, MyOrganizationView? Organization, MyKeyView? Key);

/// <summary>The organization that a key speaks for.</summary>
internal sealed record MyOrganizationView(long Id, string Name);

/// <summary>The key that asks.</summary>
/// <param name="Id">Its public id.</param>
/// <param name="Name">What its owner calls it.</param>
/// <param name="Prefix">Its first characters.</param>
/// <param name="Scopes">What it may do; null for everything, also what later versions add.</param>
/// <param name="ExpiresAt">When it stops working; null for never.</param>
internal sealed record MyKeyView(Guid Id, string Name, string Prefix, string[]? Scopes, DateTimeOffset? ExpiresAt);
