using System.Text.Json.Nodes;
using Dograh.Tests.Api;
using Dograh.Tests.Api.Workflows;
using Dograh.Tests.Support;

namespace Dograh.Tests.Cli;

/// <summary>A test of the command line against an API, workers and a receiver of its own; an organization is signed in.</summary>
public abstract class CliTest(TestServers servers) : WorkerTest(servers)
{
    internal ApiHost Api { get; private set; } = null!;

    internal ApiOrganization Acme { get; private set; } = null!;

    internal CliProgram Cli { get; private set; } = null!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        Api = await ApiHost.StartAsync(Database, Redis.ConnectionString);
        Acme = await Api.NewOrganizationAsync();
        Cli = NewProgram();
        Cli.Environment["DOGRAH_URL"] = Api.Address.AbsoluteUri;
        Cli.Environment["DOGRAH_API_KEY"] = Acme.Key;
    }

    public override async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await Api.DisposeAsync();
        await base.DisposeAsync();
    }

    /// <summary>The program as somebody has it who has never used it.</summary>
    internal CliProgram NewProgram() => new(Servers.NewFolder("cli"));

    /// <summary>Saves a workflow whose one node sends to the test's receiver.</summary>
    internal Task<long> AddWorkflowAsync(params (string Name, JsonNode? Value)[] data) =>
        Acme.AddWorkflowAsync(GivenWorkflows.Webhook("hook", [("endpoint_url", Receiver.Url.AbsoluteUri), .. data]));

    /// <summary>Stores a completed run.</summary>
    /// <returns>Its delivery.</returns>
    internal async Task<Guid> AddDeliveryAsync(long workflow) => (await Acme.StoreRunAsync(workflow)).Uuid("deliveries/0/delivery_id");

    /// <summary>Waits until a delivery is in a state.</summary>
    internal Task ReachesAsync(Guid delivery, string status) =>
        Eventually.TrueAsync(async () => (await Acme.GetAsync($"deliveries/{delivery}")).Is(200).Text("status") == status, described: $"the delivery is {status}");

    /// <summary>A file of the test's own.</summary>
    internal string NewFile(string text)
    {
        var path = Path.Combine(Servers.NewFolder("file"), "run.json");
        File.WriteAllText(path, text);
        return path;
    }
}
