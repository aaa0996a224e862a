using System.Globalization;
using Dograh.Client;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace Dograh.WebConsole.Session;

/// <summary>Signing out, and choosing the organization that the operator looks at: posts of plain forms, for only a new answer can set a cookie.</summary>
internal static class SessionEndpoints
{
    /// <summary>The page to sign in at.</summary>
    public const string SignInPath = "/sign-in";

    /// <summary>Where a form to sign out is posted to.</summary>
    public const string SignOutPath = "/sign-out";

    /// <summary>Where the operator's choice of an organization is posted to, as <c>organization</c>; empty for none.</summary>
    public const string ChoosePath = "/session/organization";

    /// <summary>The query's parameter, and the form's field, that says where to go then.</summary>
    public const string ReturnParameter = "return";

    public static void MapSession(this IEndpointRouteBuilder routes)
    {
        // Whose session it is, or a form that another site has made, could not be told otherwise.
        routes.MapPost(SignOutPath, SignOutAsync).RequireAuthorization(SessionCookie.SchemeName).ExcludeFromDescription();
        routes.MapPost(ChoosePath, ChooseAsync).RequireAuthorization(SessionCookie.SchemeName).ExcludeFromDescription();
    }

    /// <summary>A path of this site, and nothing that a browser would read as another's.</summary>
    public static string LocalPath(string? path) =>
        path is ['/', ..] && !path.StartsWith("//", StringComparison.Ordinal) && !path.Contains('\\', StringComparison.Ordinal) && !path.Any(char.IsControl) ? path : "/";

    // The form's own parameter makes the antiforgery token be asked for.
    private static async Task<IResult> SignOutAsync(HttpContext context, [FromForm(Name = ReturnParameter)] string? back)
    {
        _ = back;
        await context.SignOutAsync(SessionCookie.SchemeName);
        return Results.LocalRedirect(SignInPath);
    }

    private static async Task<IResult> ChooseAsync(
        HttpContext context, [FromForm(Name = "organization")] string? organization, [FromForm(Name = ReturnParameter)] string? back, LoopbackApi api, CancellationToken cancellationToken)
    {
        var user = context.User;
        if (!user.HasClaim(claim => claim.Type == SessionCookie.OperatorClaim)) return Results.LocalRedirect("/");
        Organization? chosen = null;
        if (long.TryParse(organization, NumberStyles.None, CultureInfo.InvariantCulture, out var id))
        {
            chosen = await api.ClientOf(user.FindFirst(SessionCookie.KeyClaim)!.Value).Organizations.AllAsync(cancellationToken)
                .FirstOrDefaultAsync(each => each.Id == id, cancellationToken);
            if (chosen is null) return Results.LocalRedirect("/organizations");
        }

        await context.SignInAsync(SessionCookie.SchemeName, SessionCookie.Choose(user, chosen));
        return Results.LocalRedirect(LocalPath(back));
    }
}
