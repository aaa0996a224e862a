using Dograh.Tests.Api;
using Dograh.Tests.Support;

namespace Dograh.Tests.Cli;

public sealed class LoginTests(TestServers servers) : CliTest(servers)
{
    [Fact]
    public async Task In_a_terminal_it_asks_for_address_and_key_which_is_never_shown_and_keeps_them_for_its_owner_alone()
    {
        var cli = NewProgram();
        await using var login = cli.StartInTerminal("login");

        await login.ShowsAsync("server's address");
        await login.TypeAsync($"{Api.Address}\r");
        await login.ShowsAsync("API key");
        await login.TypeAsync($"{Acme.Key}\r");
        var signedIn = (await login.EndAsync()).Is(0);

        Assert.Contains("Acme (organization", signedIn.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(Acme.Key, signedIn.Output, StringComparison.Ordinal);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, OperatingSystem.IsWindows() ? UnixFileMode.None : File.GetUnixFileMode(cli.LoginFile));
        (await cli.RunAsync("status")).Is(0);
        (await cli.RunAsync("logout")).Is(0);
        Assert.False(File.Exists(cli.LoginFile));
        Assert.Contains("dograh login", (await cli.RunAsync("status")).Is(3).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ctrl_C_at_a_question_keeps_nothing()
    {
        var cli = NewProgram();
        await using var login = cli.StartInTerminal("login", "--url", Api.Address.AbsoluteUri);
        await login.ShowsAsync("API key");

        await login.TypeAsync("\u0003");

        (await login.EndAsync()).Is(130);
        Assert.False(File.Exists(cli.LoginFile));
    }

    [Fact]
    public async Task Scripts_give_the_key_by_the_standard_input_or_the_environment()
    {
        var cli = NewProgram();

        var fromInput = (await cli.RunAsync($"{Acme.Key}\n", ["login", "--json", "--url", Api.Address.AbsoluteUri, "--key-stdin"])).Is(0);
        cli.Environment["DOGRAH_API_KEY"] = ApiHost.AdminKey;
        var fromEnvironment = (await cli.RunAsync("login", "--url", Api.Address.AbsoluteUri, "--organization", $"{Acme.Id}", "--json")).Is(0);

        Assert.Equal(("organization", Acme.Id), (fromInput.Json().Text("role"), fromInput.Json().Number("organization/id")));
        Assert.DoesNotContain(Acme.Key, fromInput.Output, StringComparison.Ordinal);
        Assert.Equal(("operator", "Acme"), (fromEnvironment.Json().Text("role"), fromEnvironment.Json().Text("organization/name")));
        cli.Environment["DOGRAH_API_KEY"] = null;
        // The organization that the operator acts for is kept with the key.
        Assert.Contains("Acme", (await cli.RunAsync("status")).Is(0).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_key_and_a_server_that_is_not_there_leave_what_was_kept()
    {
        var cli = NewProgram();
        (await cli.RunAsync($"{Acme.Key}\n", ["login", "--url", Api.Address.AbsoluteUri, "--key-stdin"])).Is(0);
        var before = await File.ReadAllTextAsync(cli.LoginFile, Token);

        var wrong = await cli.RunAsync("nonsense\n", ["login", "--url", Api.Address.AbsoluteUri, "--key-stdin"]);
        var nowhere = await cli.RunAsync($"{Acme.Key}\n", ["login", "--url", "http://127.0.0.1:1", "--key-stdin"]);
        var noAddress = await cli.RunAsync($"{Acme.Key}\n", ["login", "--url", "ftp://somewhere", "--key-stdin"]);
        var nobody = await cli.RunAsync("login", "--url", Api.Address.AbsoluteUri);

        Assert.Contains("does not know this key", wrong.Is(3).Error, StringComparison.Ordinal);
        Assert.Contains("cannot be reached", nowhere.Is(5).Error, StringComparison.Ordinal);
        Assert.Contains("not a server's address", noAddress.Is(2).Error, StringComparison.Ordinal);
        Assert.Contains("--key-stdin", nobody.Is(2).Error, StringComparison.Ordinal);
        Assert.Equal(before, await File.ReadAllTextAsync(cli.LoginFile, Token));
    }

    [Fact]
    public async Task The_key_that_is_kept_goes_to_no_other_server()
    {
        var cli = NewProgram();
        (await cli.RunAsync($"{Acme.Key}\n", ["login", "--url", Api.Address.AbsoluteUri, "--key-stdin"])).Is(0);

        (await cli.RunAsync("status", "--url", Receiver.At("/").AbsoluteUri)).Is(3);

        Assert.Empty(Receiver.Requests);
    }

    [Fact]
    public async Task The_operator_says_for_whom()
    {
        Cli.Environment["DOGRAH_API_KEY"] = ApiHost.AdminKey;

        var forNobody = await Cli.RunAsync("deliveries", "list");
        (await Cli.RunAsync("deliveries", "list", "--organization", $"{Acme.Id}")).Is(0);

        Assert.Contains("--organization", forNobody.Is(3).Error, StringComparison.Ordinal);
    }
}
