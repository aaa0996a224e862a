using System.Security.Cryptography;
using Dograh.Webhooks.Credentials;

namespace Dograh.Api;

/// <summary><c>Dograh.Api reencrypt [--new-key]</c>: moves all secrets under the current master key and exits; see the runbook on rotating it.</summary>
internal static class ReencryptCommand
{
    public const string Name = "reencrypt";

    private const string NewKey = "--new-key";

    /// <summary>Runs it.</summary>
    /// <param name="services">The API's services.</param>
    /// <param name="arguments">What follows the command's name.</param>
    /// <returns>The exit code: 1 if anything could not be opened.</returns>
    public static async Task<int> RunAsync(IServiceProvider services, IReadOnlyList<string> arguments)
    {
        if (arguments.Any(argument => argument != NewKey))
        {
            await Console.Error.WriteLineAsync($"{Name} takes {NewKey} and nothing else.");
            return 1;
        }

        try
        {
            var report = await services.GetRequiredService<Reencryption>().RunAsync(arguments.Count > 0, CancellationToken.None);
            await Console.Out.WriteLineAsync(
                $"Sealed anew: {report.Credentials} credentials, {report.SigningSecrets} signing secrets, {report.Tokens} access tokens; "
                + $"{report.WrappedKeys} keys of the key ring wrapped anew, {(report.NewKey ? "a new key made" : "no new key made")}.");
            foreach (var unopened in report.Unopened) await Console.Error.WriteLineAsync($"Not opened: {unopened}.");
            if (report.Unopened.Count == 0) return 0;
            await Console.Error.WriteLineAsync("What was not opened is left as it was. Is the master key that it was sealed under among Secrets:PreviousMasterKeys (SECRETS_PREVIOUS_MASTER_KEYS)?");
            return 1;
        }
        catch (Exception e) when (e is CryptographicException or Npgsql.NpgsqlException or InvalidOperationException)
        {
            await Console.Error.WriteLineAsync($"Nothing more was re-encrypted: {e.Message}");
            return 1;
        }
    }
}
