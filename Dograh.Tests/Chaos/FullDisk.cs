using Dograh.Standalone;
using Dograh.Tests.Support;
using Npgsql;

namespace Dograh.Tests.Chaos;

/// <summary>A PostgreSQL whose disk can be filled: on a small file system of its own where one may be mounted.</summary>
/// <remarks>
/// Who may mount nothing takes the write permission from the folder of the log (WAL) instead: PostgreSQL fails at the same line, when it wants
/// to begin the log's next file, and dies of it in the same way.
/// </remarks>
internal sealed class FullDisk : IAsyncDisposable
{
    private readonly string _folder;
    private readonly bool _isMounted;
    private PostgresServer _server = null!;

    private FullDisk(string folder, bool isMounted) => (_folder, _isMounted) = (folder, isMounted);

    public PostgresServer Server => _server;

    private string Ballast => Path.Combine(_folder, "ballast");

    private string Log => Path.Combine(_server.ClusterDirectory, "pg_wal");

    public static async Task<FullDisk> StartAsync(TestServers servers)
    {
        var folder = servers.NewFolder("small-disk");
        var disk = new FullDisk(folder, await RunAsync("mount", "-t", "tmpfs", "-o", "size=128m,mode=0755", "tmpfs", folder));
        try
        {
            var settings = new Dictionary<string, string> { ["max_wal_size"] = "32MB", ["min_wal_size"] = "32MB", ["wal_recycle"] = "off", ["wal_init_zero"] = "on" };
            disk._server = await PostgresServer.StartAsync(
                Path.Combine(folder, "postgres"), new PostgresServerOptions { Settings = settings, Durable = false }, cancellationToken: TestContext.Current.CancellationToken);
            return disk;
        }
        catch
        {
            await disk.DisposeAsync();
            throw;
        }
    }

    /// <summary>Fills it, and has PostgreSQL want more of it.</summary>
    public async Task FillAsync()
    {
        if (_isMounted) await FillUpAsync();
        else if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(Log, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        await using var connection = new NpgsqlConnection($"{_server.ConnectionString};Pooling=false");
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await Assert.ThrowsAnyAsync<NpgsqlException>(async () =>
        {
            // Each begins another file of 16 MB.
            for (var i = 0; i < 20; i++)
            {
                await using var command = new NpgsqlCommand("SELECT pg_switch_wal(); CREATE TABLE IF NOT EXISTS wanting (a int); INSERT INTO wanting VALUES (1)", connection);
                await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
            }
        });
    }

    /// <summary>Makes room again, and starts the server, which has not outlived it.</summary>
    public async Task MakeRoomAsync()
    {
        if (_isMounted) File.Delete(Ballast);
        else if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(Log, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        await _server.RestartAsync(TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null) await _server.DisposeAsync();
        if (_isMounted) Assert.True(await RunAsync("umount", _folder), $"{_folder} is still mounted");
    }

    private async Task FillUpAsync()
    {
        try
        {
            await using var ballast = new FileStream(Ballast, FileMode.Create);
            var block = new byte[1 << 16];
            while (true) await ballast.WriteAsync(block, TestContext.Current.CancellationToken);
        }
        catch (IOException)
        {
            // No space left on device.
        }
    }

    private static async Task<bool> RunAsync(params string[] command)
    {
        try
        {
            return (await CommandRun.OfAsync(command)).Succeeded;
        }
        catch (Exception e) when (e is StandaloneException or System.ComponentModel.Win32Exception)
        {
            return false; // there is no such command
        }
    }
}
