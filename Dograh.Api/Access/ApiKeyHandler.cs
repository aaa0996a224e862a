using System.Globalization;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text.Encodings.Web;
using Dograh.Api.Http;
using Dograh.Webhooks.Organizations;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.Extensions.Options;

namespace Dograh.Api.Access;

/// <summary>Authenticates by <c>Authorization: Bearer</c> or <c>X-API-Key</c>: an organization's key, or the operator's.</summary>
/// <remarks>The database is asked each time, so that a key works, or stops working, at once. Only hashes are compared.</remarks>
internal sealed class ApiKeyHandler(
    IOptionsMonitor<AuthenticationSchemeOptions> schemeOptions, ILoggerFactory loggers, UrlEncoder encoder, IOptions<AdminOptions> admin,
    ApiKeyLookup keys, KeyUses uses, FailedLogins failures) : AuthenticationHandler<AuthenticationSchemeOptions>(schemeOptions, loggers, encoder)
{
    public const string SchemeName = "ApiKey";

    private const string Bearer = "Bearer ";

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        // What is sent to a bin may carry a credential, and that is nobody's key: it is neither looked up nor counted as a failure.
        if (Context.GetEndpoint()?.Metadata.GetMetadata<IAllowAnonymous>() is not null) return AuthenticateResult.NoResult();
        if (ReadKey() is not { Length: > 0 } key) return AuthenticateResult.NoResult();
        var hash = ApiKeySecret.Hash(key);
        if (admin.Value.ApiKey is { Length: > 0 } adminKey && CryptographicOperations.FixedTimeEquals(hash, ApiKeySecret.Hash(adminKey)))
        {
            return Success(new Claim(ClaimTypes.Role, Policies.Admin));
        }

        var known = keys.FindKnown(hash);
        if (known is not null && Context.GetEndpoint()?.Metadata.GetMetadata<KeyCheckedWithWork>() is not null)
        {
            return Success(new CallerKey(hash, IsChecked: false, known), known);
        }

        // One that has worked is looked up whatever its neighbours do.
        if (known is null && failures.Take(Context.Connection.RemoteIpAddress) is { } wait)
        {
            Context.Features.Set(new TooManyFailures(wait));
            return AuthenticateResult.Fail("Too many keys that do not work.");
        }

        var isFailure = false;
        try
        {
            if (await keys.FindAsync(hash).WaitAsync(Context.RequestAborted) is { } working) return Success(new CallerKey(hash, IsChecked: true, working), working);
            isFailure = true;
            return AuthenticateResult.Fail("No such key.");
        }
        finally
        {
            if (known is null && !isFailure) failures.GiveBack(Context.Connection.RemoteIpAddress);
        }
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        if (Context.Features.Get<TooManyFailures>() is { } tooMany)
        {
            return Problems.WriteTooManyAsync(
                Context, "Too many keys that do not work have come from this address (Api:FailedLoginsPerMinutePerAddress); this one was not looked at.", tooMany.RetryAfter);
        }

        Response.Headers.WWWAuthenticate = "Bearer realm=\"dograh\"";
        return Problems.WriteAsync(
            Context, StatusCodes.Status401Unauthorized, "Unauthorized",
            ReadKey() is null ? "Send an API key as 'Authorization: Bearer <key>' or 'X-API-Key: <key>'." : "This key is not one of ours, or no longer.");
    }

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties) =>
        Problems.WriteAsync(Context, StatusCodes.Status403Forbidden, "Forbidden", WhyForbidden());

    private string WhyForbidden()
    {
        if (Context.User.IsInRole(Policies.Admin)) return $"The operator's key works on the operator's paths only; say which organization it acts for ({ActingOrganization.Header}), or use an organization's key.";
        // While a failure is turned into an answer the path is in the failure's keeping.
        var endpoint = Context.GetEndpoint() ?? Context.Features.Get<IExceptionHandlerFeature>()?.Endpoint;
        if (endpoint?.Metadata.GetMetadata<RequiredScope>() is not { Scope: var scope }) return "This path needs the operator's key.";
        // As RFC 6750 has it, for clients that look there.
        Response.Headers.WWWAuthenticate = $"Bearer realm=\"dograh\", error=\"insufficient_scope\", scope=\"{scope}\"";
        return $"This key lacks the scope '{scope}'.";
    }

    private string? ReadKey()
    {
        var authorization = Request.Headers.Authorization.ToString();
        if (authorization.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase)) return authorization[Bearer.Length..].Trim();
        return Request.Headers.TryGetValue("X-API-Key", out var key) ? key.ToString().Trim() : null;
    }

    private AuthenticateResult Success(CallerKey caller, WorkingKey key)
    {
        Context.Features.Set(caller);
        uses.Note(key);
        return Success(new Claim(Policies.OrganizationClaim, key.OrganizationId.ToString(CultureInfo.InvariantCulture)));
    }

    private static AuthenticateResult Success(Claim claim) =>
        AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(new ClaimsIdentity([claim], SchemeName)), SchemeName));
}
