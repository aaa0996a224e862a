using Microsoft.AspNetCore.Http;

namespace Dograh.WebConsole.Session;

/// <summary>Keeps other sites' pages off the pages' connection: a browser sends the session's cookie along with a WebSocket that a page of a neighbouring host opens.</summary>
internal static class OwnOrigin
{
    private const string ConnectionPath = "/_blazor";

    /// <summary>The middleware.</summary>
    public static Task CheckAsync(HttpContext context, RequestDelegate next)
    {
        if (!context.Request.Path.StartsWithSegments(ConnectionPath, StringComparison.OrdinalIgnoreCase) || IsOwn(context.Request)) return next(context);
        context.Response.StatusCode = StatusCodes.Status403Forbidden;
        return Task.CompletedTask;
    }

    // Fetch metadata where the browser sends it, which no proxy in between can make wrong; else the origin against the host that was asked for.
    private static bool IsOwn(HttpRequest request)
    {
        if (request.Headers["Sec-Fetch-Site"].ToString() is { Length: > 0 } site) return site == "same-origin";
        return request.Headers.Origin.ToString() is not { Length: > 0 } origin
            || (Uri.TryCreate(origin, UriKind.Absolute, out var uri) && string.Equals(HostString.FromUriComponent(uri).Value, request.Host.Value, StringComparison.OrdinalIgnoreCase));
    }
}
