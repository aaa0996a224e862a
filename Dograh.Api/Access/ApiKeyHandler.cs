using System.Globalization;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text.Encodings.Web;
using Dograh.Api.Http;
using Dograh.Webhooks.Organizations;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace Dograh.Api.Access;

/// <summary>Authenticates by <c>Authorization: Bearer</c> or <c>X-API-Key</c>: an organization's key, or the operator's.</summary>
/// <remarks>The database is asked each time, so that a key works, or stops working, at once. Only hashes are compared.</remarks>
internal sealed class ApiKeyHandler(
    IOptionsMonitor<AuthenticationSchemeOptions> schemeOptions, ILoggerFactory loggers, UrlEncoder encoder, IOptions<AdminOptions> admin,
    ApiKeyLookup keys) : AuthenticationHandler<AuthenticationSchemeOptions>(schemeOptions, loggers, encoder)
{
    public const string SchemeName = "ApiKey";

    private const string Bearer = "Bearer ";

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (ReadKey() is not { Length: > 0 } key) return AuthenticateResult.NoResult();
        var hash = ApiKeySecret.Hash(key);
        if (admin.Value.ApiKey is { Length: > 0 } adminKey && CryptographicOperations.FixedTimeEquals(hash, ApiKeySecret.Hash(adminKey)))
        {
            return Success(new Claim(ClaimTypes.Role, Policies.Admin));
        }

        if (Context.GetEndpoint()?.Metadata.GetMetadata<KeyCheckedWithWork>() is not null && keys.FindKnown(hash) is { } known)
        {
            Context.Features.Set(new CallerKey(hash, IsChecked: false));
            return Success(new Claim(Policies.OrganizationClaim, known.ToString(CultureInfo.InvariantCulture)));
        }

        Context.Features.Set(new CallerKey(hash, IsChecked: true));
        return await keys.FindOrganizationAsync(hash).WaitAsync(Context.RequestAborted) is { } organizationId
            ? Success(new Claim(Policies.OrganizationClaim, organizationId.ToString(CultureInfo.InvariantCulture)))
            : AuthenticateResult.Fail("No such key.");
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        Response.Headers.WWWAuthenticate = "Bearer realm=\"dograh\"";
        return Problems.WriteAsync(
            Context, StatusCodes.Status401Unauthorized, "Unauthorized",
            ReadKey() is null ? "Send an API key as 'Authorization: Bearer <key>' or 'X-API-Key: <key>'." : "This key is not one of ours, or no longer.");
    }

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties) =>
        Problems.WriteAsync(
            Context, StatusCodes.Status403Forbidden, "Forbidden",
            Context.User.IsInRole(Policies.Admin) ? "The operator's key works on the operator's paths only; use an organization's key." : "This path needs the operator's key.");

    private string? ReadKey()
    {
        var authorization = Request.Headers.Authorization.ToString();
        if (authorization.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase)) return authorization[Bearer.Length..].Trim();
        return Request.Headers.TryGetValue("X-API-Key", out var key) ? key.ToString().Trim() : null;
    }

    private static AuthenticateResult Success(Claim claim) =>
        AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(new ClaimsIdentity([claim], SchemeName)), SchemeName));
}
