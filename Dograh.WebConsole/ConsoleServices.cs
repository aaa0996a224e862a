using Dograh.WebConsole.Deliveries;
using Dograh.WebConsole.Session;
using Dograh.WebConsole.Shell;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using MudBlazor.Services;

namespace Dograh.WebConsole;

/// <summary>Puts the console into an application: pages that are a client of the public API, with the key that somebody signed in with.</summary>
public static class ConsoleServices
{
    private static readonly TimeSpan SignedInFor = TimeSpan.FromHours(12);

    /// <summary>Adds what the pages need. Data Protection, which seals the session's cookie, is the host's.</summary>
    /// <param name="services">The host's services.</param>
    /// <param name="checkKey">Says whether a key that somebody signs in with works, minding who has tried too often.</param>
    public static IServiceCollection AddDograhConsole(this IServiceCollection services, CheckKey checkKey)
    {
        services.AddSingleton(checkKey);
        services.AddRazorComponents().AddInteractiveServerComponents()
            // A definition or a payload's template is typed in one field, and comes with every stroke of a key; the API takes no more either.
            .AddHubOptions(hub => hub.MaximumReceiveMessageSize = 1024 * 1024);
        services.AddMudServices();
        services.AddCascadingAuthenticationState();
        services.AddSingleton<LoopbackApi>();
        services.AddScoped(provider => provider.GetRequiredService<LoopbackApi>().ClientOf(provider.GetRequiredService<AuthenticationStateProvider>()));
        services.AddAuthentication().AddCookie(SessionCookie.SchemeName, cookie =>
        {
            cookie.Cookie.Name = SessionCookie.Name;
            cookie.Cookie.HttpOnly = true;
            // Lax, not strict: a link to a delivery in a chat has to open it. Nothing that changes anything is a GET.
            cookie.Cookie.SameSite = SameSiteMode.Lax;
            cookie.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
            cookie.LoginPath = SessionEndpoints.SignInPath;
            cookie.AccessDeniedPath = SessionEndpoints.SignInPath;
            cookie.ReturnUrlParameter = SessionEndpoints.ReturnParameter;
            cookie.ExpireTimeSpan = SignedInFor;
            cookie.SlidingExpiration = true;
            cookie.Events.OnValidatePrincipal = session =>
            {
                SessionCookie.SetAddress(session.Principal!, session.HttpContext.Connection.RemoteIpAddress);
                return Task.CompletedTask;
            };
        });
        services.AddAuthorizationBuilder().AddPolicy(SessionCookie.SchemeName, policy => policy.AddAuthenticationSchemes(SessionCookie.SchemeName).RequireAuthenticatedUser());
        return services;
    }

    /// <summary>Lets the API see the address of the browser that the console calls for. Before everything that looks at addresses.</summary>
    public static void UseDograhConsole(this WebApplication app) => app.Use(app.Services.GetRequiredService<LoopbackApi>().RestoreAddressAsync);

    /// <summary>Maps the pages, their assets, signing in and signing out. After authentication and authorization.</summary>
    public static void MapDograhConsole(this WebApplication app)
    {
        app.Use(OwnOrigin.CheckAsync);
        app.UseAntiforgery();
        // Assets that are read anew while a build runs come with a route that takes whatever no other does, and 404 would no longer be 404, nor 405.
        app.Configuration["ReloadStaticAssetsAtRuntime"] ??= "false";
        app.MapStaticAssets();
        app.MapSession();
        app.MapDeliveryExport();
        app.MapRazorComponents<App>()
            // Our own policy forbids frames; a second header would only be in its way.
            .AddInteractiveServerRenderMode(server => server.ContentSecurityFrameAncestorsPolicy = null)
            .RequireAuthorization(SessionCookie.SchemeName)
            .WithMetadata(new ConsolePageMetadata());
    }
}

/// <summary>Marks the endpoints that answer with pages of the console: their content security policy is that of a page.</summary>
public sealed class ConsolePageMetadata;
