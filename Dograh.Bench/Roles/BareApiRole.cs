using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Dograh.Bench.Roles;

/// <summary>What <c>ingest</c> is held against: a minimal API that answers 202 and does nothing, in a process of its own.</summary>
internal static class BareApiRole
{
    public static async Task RunAsync(int port)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenLocalhost(port));
        await using var app = builder.Build();
        app.MapGet("/health", () => Results.Ok());
        app.MapPost("/api/v1/workflows/{id:long}/completed-runs", (long id) => Results.StatusCode(StatusCodes.Status202Accepted));
        await app.StartAsync();
        await Role.OrphanedAsync();
    }
}
