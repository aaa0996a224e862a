using Dograh.Standalone;
using Npgsql;

namespace Dograh.Tests.Standalone;

public sealed class PostgresServerTests : IDisposable
{
    private static readonly PostgresServerOptions Fast = new() { Durable = false };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task It_starts_as_whoever_runs_the_tests_and_leaves_no_process()
    {
        var server = await StartAsync();
        Assert.Equal(PostgresServer.DatabaseName, await ScalarAsync(server, "SELECT current_database()"));
        Assert.Equal("UTF8 C 200", await ScalarAsync(server, """
            SELECT concat_ws(' ', current_setting('server_encoding'), (SELECT datcollate FROM pg_database WHERE datname = current_database()),
                             current_setting('max_connections'))
            """));

        await server.DisposeAsync();

        Assert.Empty(Processes.Naming(_folder.Path));
    }

    [Fact]
    public async Task It_is_durable_unless_told_otherwise()
    {
        await using var server = await PostgresServer.StartAsync(_folder.Path, cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal("on on", await ScalarAsync(server, "SELECT concat_ws(' ', current_setting('fsync'), current_setting('synchronous_commit'))"));
    }

    [Fact]
    public async Task It_listens_on_loopback_only_and_wants_the_password()
    {
        await using var server = await StartAsync();
        Assert.Equal("127.0.0.1", await ScalarAsync(server, "SHOW listen_addresses"));
        Assert.Equal("", await ScalarAsync(server, "SHOW unix_socket_directories"));

        var wrong = new NpgsqlConnectionStringBuilder(server.ConnectionString) { Password = "guess" }.ConnectionString;
        await using var connection = new NpgsqlConnection(wrong);
        var refusal = await Assert.ThrowsAsync<PostgresException>(() => connection.OpenAsync(TestContext.Current.CancellationToken));

        Assert.Equal(PostgresErrorCodes.InvalidPassword, refusal.SqlState);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_folder.Below("password")));
        }
    }

    [Fact]
    public async Task What_was_committed_survives_a_stop_a_kill_and_a_new_start()
    {
        var server = await StartAsync();
        await ScalarAsync(server, "CREATE TABLE kept (id int)");
        await ScalarAsync(server, "INSERT INTO kept VALUES (1)");
        var (connectionString, processId) = (server.ConnectionString, server.ProcessId);

        server.Kill();
        await server.Exited;
        await server.RestartAsync(TestContext.Current.CancellationToken);
        Assert.Equal(connectionString, server.ConnectionString);
        Assert.NotEqual(processId, server.ProcessId);
        await ScalarAsync(server, "INSERT INTO kept VALUES (2)");
        await server.DisposeAsync();

        await using var again = await StartAsync();
        Assert.Equal(2L, await ScalarAsync(again, "SELECT count(*) FROM kept"));
    }

    [Fact]
    public async Task A_second_one_on_the_same_folder_is_refused_with_one_clear_message()
    {
        await using var server = await StartAsync();

        var refusal = await Assert.ThrowsAsync<StandaloneException>(StartAsync);

        Assert.Equal($"The PostgreSQL in {_folder.Path} is in use by process {Environment.ProcessId}.", refusal.Message);
    }

    [Fact]
    public async Task Several_run_side_by_side()
    {
        using var other = new TemporaryFolder();
        var servers = await Task.WhenAll(StartAsync(), StartAsync(other.Path));

        Assert.NotEqual(servers[0].Port, servers[1].Port);
        foreach (var server in servers)
        {
            await server.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_server_left_behind_is_stopped_by_the_next_start()
    {
        var lost = await StartAsync();
        var processId = lost.ProcessId;
        // What a killed Standalone leaves where nothing ends its children: a running server, and a lock that nobody holds.
        lost.AbandonLock();

        await using var server = await StartAsync();

        await lost.Exited.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        Assert.NotEqual(processId, server.ProcessId);
        Assert.Equal(PostgresServer.DatabaseName, await ScalarAsync(server, "SELECT current_database()"));
    }

    [Fact]
    public async Task A_process_id_that_has_become_anothers_does_not_stop_the_start()
    {
        var first = await StartAsync();
        await first.DisposeAsync();
        await File.WriteAllTextAsync(
            Path.Combine(first.ClusterDirectory, "postmaster.pid"), $"{Environment.ProcessId}\n", TestContext.Current.CancellationToken);

        await using var server = await StartAsync();

        Assert.Equal(PostgresServer.DatabaseName, await ScalarAsync(server, "SELECT current_database()"));
    }

    [Fact]
    public async Task The_port_is_kept_and_another_is_taken_when_it_is_in_use()
    {
        var first = await StartAsync();
        var port = first.Port;
        await first.DisposeAsync();
        var second = await StartAsync();
        Assert.Equal(port, second.Port);
        await second.DisposeAsync();
        using var squatter = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, port);
        squatter.Start();

        await using var third = await StartAsync();

        Assert.NotEqual(port, third.Port);
    }

    [Fact]
    public async Task Without_programs_the_message_has_the_three_ways_out()
    {
        var options = new PostgresServerOptions { SearchDirectories = [_folder.Below("nothing")], AllowDownload = false };

        var refusal = await Assert.ThrowsAsync<StandaloneException>(
            () => PostgresServer.StartAsync(_folder.Path, options, cancellationToken: TestContext.Current.CancellationToken));

        Assert.Equal("""
            No PostgreSQL server programs (postgres, initdb, pg_ctl) were found on the PATH or in the usual places.
            Three ways out:
              1. Install PostgreSQL with your package manager (postgresql), or put its bin folder on the PATH.
              2. Use a server you have: set ConnectionStrings__dograhdb, such as "Host=localhost;Username=me;Password=...;Database=dograhdb".
              3. Give this machine access to the internet once, so that Standalone can download PostgreSQL by itself.
            """, refusal.Message);
    }

    [Fact]
    public async Task Data_of_a_version_that_is_not_installed_is_left_alone_and_named()
    {
        var first = await StartAsync();
        await first.DisposeAsync();
        await File.WriteAllTextAsync(Path.Combine(first.ClusterDirectory, "PG_VERSION"), "9\n", TestContext.Current.CancellationToken);

        var refusal = await Assert.ThrowsAsync<StandaloneException>(
            () => PostgresServer.StartAsync(_folder.Path, Fast with { AllowDownload = false }, cancellationToken: TestContext.Current.CancellationToken));

        Assert.StartsWith($"The data in {first.ClusterDirectory} is of PostgreSQL 9, and no server programs of that version were found (found: {first.Version} in ", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task As_root_a_folder_that_its_user_cannot_enter_is_replaced_by_one_that_is_told()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root runs the server as another user");
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        File.SetUnixFileMode(_folder.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var told = new List<string>();
        var server = await PostgresServer.StartAsync(_folder.Below("data"), Fast, new Listener(told.Add), TestContext.Current.CancellationToken);
        var elsewhere = Path.GetDirectoryName(server.ClusterDirectory)!;
        try
        {
            Assert.DoesNotContain(_folder.Path, elsewhere, StringComparison.Ordinal);
            Assert.Contains(told, line => line.EndsWith($"cannot enter {_folder.Below("data")}; its files are in {elsewhere}", StringComparison.Ordinal));
            await ScalarAsync(server, "CREATE TABLE kept (id int)");
            await server.DisposeAsync();

            await using var again = await StartAsync(_folder.Below("data"));
            Assert.Equal(0L, await ScalarAsync(again, "SELECT count(*) FROM kept"));
        }
        finally
        {
            await server.DisposeAsync();
            Directory.Delete(elsewhere, recursive: true);
        }
    }

    [Fact]
    public async Task A_start_that_is_given_up_leaves_no_process()
    {
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var begun = new Listener(_ => giveUp.Cancel());

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => PostgresServer.StartAsync(_folder.Path, Fast, begun, giveUp.Token));

        await Processes.EventuallyAsync(() => Task.FromResult(Processes.Naming(_folder.Path).Count == 0), "no process left");
    }

    private Task<PostgresServer> StartAsync() => StartAsync(_folder.Path);

    private static Task<PostgresServer> StartAsync(string directory) =>
        PostgresServer.StartAsync(directory, Fast, cancellationToken: TestContext.Current.CancellationToken);

    private static async Task<object?> ScalarAsync(PostgresServer server, string sql)
    {
        await using var source = NpgsqlDataSource.Create(server.ConnectionString);
        await using var command = source.CreateCommand(sql);
        return await command.ExecuteScalarAsync(TestContext.Current.CancellationToken);
    }

    private sealed class Listener(Action<string> tell) : IProgress<string>
    {
        public void Report(string value) => tell(value);
    }
}
