using Dograh.Webhooks.Data;

namespace Dograh.Api;

/// <summary><c>Dograh.Api migrate [target]</c>: applies migrations and exits; what a deployment's job runs.</summary>
internal static class MigrateCommand
{
    public const string Name = "migrate";

    /// <summary>Runs it.</summary>
    /// <param name="services">The API's services.</param>
    /// <param name="target">A migration's name, or <c>0</c> to take everything down; null for the newest.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(IServiceProvider services, string? target)
    {
        try
        {
            await services.GetRequiredService<DatabaseMigrator>().MigrateAsync(target);
            await Console.Out.WriteLineAsync(target is null ? "The database is at the newest migration." : $"The database is at migration {target}.");
            return 0;
        }
        catch (Exception e) when (e is Npgsql.NpgsqlException or InvalidOperationException)
        {
            await Console.Error.WriteLineAsync($"The migrations were not applied: {e.Message}");
            return 1;
        }
    }
}
