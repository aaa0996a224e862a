namespace Dograh.Api.Access;

/// <summary>Makes up for a key that authentication has not looked up, where the work that would have done so is not reached.</summary>
internal static class KeyChecks
{
    /// <summary>Has the request's key, which is gone, refused before anything else from now on.</summary>
    public static void Forget(HttpContext context)
    {
        if (context.Features.Get<CallerKey>() is { } key) context.RequestServices.GetRequiredService<ApiKeyLookup>().Forget(key.Hash);
    }

    /// <summary>Whether the request's key works; also true of a request that has none and needs none.</summary>
    public static async Task<bool> HasWorkingKeyAsync(HttpContext context)
    {
        if (context.Features.Get<CallerKey>() is not { IsChecked: false } key) return true;
        return await context.RequestServices.GetRequiredService<ApiKeyLookup>().FindAsync(key.Hash) is not null;
    }
}
