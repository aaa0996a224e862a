namespace Dograh.Standalone;

/// <summary>Decides which server of the Redis protocol is run: Garnet, or else an installed Redis.</summary>
internal static class RedisSource
{
    /// <summary>Starts the one that can be had.</summary>
    /// <exception cref="StandaloneException">Neither can be had; the message has the ways out.</exception>
    public static async Task<RedisCompatibleServer> StartAsync(DataFolder folder, IProgress<string> progress, CancellationToken cancellationToken)
    {
        var logFile = folder.BeginLog("redis");
        var pidFile = folder.PidFile("redis");
        string reason;
        try
        {
            var tool = await GarnetTool.RestoreAsync(progress, cancellationToken);
            return await GarnetServer.StartAsync(tool, folder.Redis, null, logFile, pidFile, cancellationToken);
        }
        catch (StandaloneException e)
        {
            reason = e.Message;
        }

        if (RedisServer.IsInstalled)
        {
            progress.Report("Garnet cannot be started; using the installed Redis");
            return await RedisServer.StartAsync(folder.Redis, null, logFile, pidFile, cancellationToken);
        }

        throw new StandaloneException($"""
            {reason}
            Three ways out:
              1. Give this machine access to a NuGet feed once, so that 'dotnet tool restore' works.
              2. Install redis-server (or valkey-server) with your package manager.
              3. Use a server you have: set ConnectionStrings__redis, such as "localhost:6379".
            """);
    }
}
