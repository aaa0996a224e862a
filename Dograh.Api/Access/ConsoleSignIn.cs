using System.Security.Cryptography;
using Dograh.Webhooks.Data;
using Dograh.Webhooks.Organizations;
using Microsoft.Extensions.Options;

namespace Dograh.Api.Access;

/// <summary>Signing in to the console: a wrong key counts against the address of the browser that it came from, as a call of the API with it would.</summary>
internal static class ConsoleSignIn
{
    /// <summary>Says why a key does not work; null if it does.</summary>
    public static async Task<string?> CheckAsync(HttpContext context, string key)
    {
        var services = context.RequestServices;
        var hash = ApiKeySecret.Hash(key);
        if (services.GetRequiredService<IOptions<AdminOptions>>().Value.ApiKey is { Length: > 0 } adminKey && CryptographicOperations.FixedTimeEquals(hash, ApiKeySecret.Hash(adminKey)))
        {
            return null;
        }

        var (keys, failures) = (services.GetRequiredService<ApiKeyLookup>(), services.GetRequiredService<FailedLogins>());
        var isKnown = keys.FindKnown(hash) is not null;
        if (!isKnown && failures.Take(context.Connection.RemoteIpAddress) is { } wait)
        {
            return $"Too many keys that do not work have come from your address. Try again in {Math.Ceiling(wait.TotalSeconds):0} s.";
        }

        var isWrong = false;
        try
        {
            isWrong = await keys.FindAsync(hash).WaitAsync(context.RequestAborted) is null;
            return isWrong ? "This key is not one of ours, or no longer." : null;
        }
        catch (Exception e) when (DatabaseFailure.IsUnavailable(e))
        {
            return "The database cannot be used just now. Try again in a moment.";
        }
        finally
        {
            if (!isKnown && !isWrong) failures.GiveBack(context.Connection.RemoteIpAddress);
        }
    }
}
