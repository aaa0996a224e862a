using Dograh.WebConsole;
using Scalar.AspNetCore;

namespace Dograh.Api.Http;

/// <summary>Tells browsers to do with an answer nothing but what it is for: data is data, and a page runs its own scripts and asks this host only.</summary>
internal static class SecurityHeaders
{
    /// <summary>Where the reference is.</summary>
    public const string ReferencePath = "/scalar";

    private const string NothingAllowed = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    // Styles that components write as they go are allowed, scripts are not; its own connection is to 'self' too.
    private const string Page =
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
        + "base-uri 'self'; form-action 'self'; frame-ancestors 'none'";

    private const string OneYear = "max-age=31536000";

    /// <summary>The middleware. The first of all, so that no answer is without, whoever writes it and however it fails.</summary>
    public static Task AddAsync(HttpContext context, RequestDelegate next)
    {
        // As the answer begins: whoever turns a failure into a problem clears what was set before.
        context.Response.OnStarting(static state => Add((HttpContext)state), context);
        return next(context);
    }

    private static Task Add(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), payment=(), usb=()";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers.ContentSecurityPolicy = context.Items[ScalarOptions.NonceHttpContextItemKey] is string nonce ? Reference(nonce)
            : IsPage(context) ? Page
            : NothingAllowed;
        if (context.Request.IsHttps) headers.StrictTransportSecurity = OneYear;
        // The reference's scripts have an ETag and say so; nothing else is to be kept by anybody.
        if (headers.CacheControl.Count == 0) headers.CacheControl = "no-store";
        return Task.CompletedTask;
    }

    private static bool IsPage(HttpContext context) =>
        context.GetEndpoint()?.Metadata.GetMetadata<ConsolePageMetadata>() is not null
        && context.Response.ContentType?.StartsWith("text/html", StringComparison.OrdinalIgnoreCase) is true;

    // Its scripts carry the nonce, those that they import get it from them; it makes its styles as it goes, and reads the OpenAPI document.
    private static string Reference(string nonce) =>
        $"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
}
