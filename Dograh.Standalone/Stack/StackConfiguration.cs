using Microsoft.Extensions.Configuration;

namespace Dograh.Standalone;

/// <summary>What the user has set, and what is set for the services where the user has not.</summary>
/// <remarks>
/// Every variable of our own environment reaches the services untouched. Only those that would otherwise be missing are
/// added; a setting counts as set under either of its names (<c>WEBHOOK_DELIVERY_BASE_DELAY_SECONDS</c>, <c>WebhookDelivery__BaseDelaySeconds</c>).
/// </remarks>
internal sealed class StackConfiguration(IConfiguration environment, DataFolder folder)
{
    private const string DemoBaseDelaySeconds = "1";
    private const string Loopback = "127.0.0.0/8,::1/128";

    /// <summary>The user's database, or null for a private one.</summary>
    public string? Database => Given("ConnectionStrings:dograhdb");

    /// <summary>The user's Redis, or null for a private one.</summary>
    public string? Redis => Given("ConnectionStrings:redis");

    /// <summary>Whether the user has set the operator's key, and so knows it.</summary>
    public bool AdminKeyIsGiven => Given("ADMIN_API_KEY", "Admin:ApiKey") is not null;

    /// <summary>The operator's key: the user's, or one that is made once.</summary>
    public string AdminKey => Given("ADMIN_API_KEY", "Admin:ApiKey") ?? SecretFile.ReadOrMake(folder.AdminKey, SecretFile.NewWord);

    /// <summary>How long a worker takes at most to stop in good order.</summary>
    public TimeSpan WorkerGrace =>
        TimeSpan.FromSeconds(double.TryParse(Given("WEBHOOK_DELIVERY_SHUTDOWN_GRACE_SECONDS", "WebhookDelivery:ShutdownGraceSeconds"), out var seconds) && seconds is >= 0 and < 3600
            ? seconds + 5
            : 35);

    /// <summary>The variables that the API gets beside our own.</summary>
    public Dictionary<string, string?> ForApi(string database, string redis, string url)
    {
        var variables = ForWorker(database, redis);
        variables["ASPNETCORE_URLS"] = url;
        AddUnlessGiven(variables, "DATABASE_MIGRATE_ON_STARTUP", "Database:MigrateOnStartup", () => "true");
        AddUnlessGiven(variables, "BINS_ENABLED", "Bins:Enabled", () => "true");
        // No load balancer stands before it that would have to learn of its end.
        AddUnlessGiven(variables, "Api__DrainSeconds", "Api:DrainSeconds", () => "0");
        return variables;
    }

    /// <summary>The variables that a worker gets beside our own.</summary>
    public Dictionary<string, string?> ForWorker(string database, string redis)
    {
        var variables = new Dictionary<string, string?>
        {
            ["ConnectionStrings__dograhdb"] = database,
            ["ConnectionStrings__redis"] = redis,
        };
        AddUnlessGiven(variables, "SECRETS_MASTER_KEY", "Secrets:MasterKey", () => SecretFile.ReadOrMake(folder.MasterKey, SecretFile.NewMasterKey));
        AddUnlessGiven(variables, "ADMIN_API_KEY", "Admin:ApiKey", () => AdminKey);
        AddUnlessGiven(variables, "EGRESS_ALLOWED_NETWORKS", "Egress:AllowedNetworks", () => Loopback);
        AddUnlessGiven(variables, "WEBHOOK_DELIVERY_BASE_DELAY_SECONDS", "WebhookDelivery:BaseDelaySeconds", () => DemoBaseDelaySeconds);
        return variables;
    }

    private void AddUnlessGiven(Dictionary<string, string?> variables, string flatName, string name, Func<string> value)
    {
        if (Given(flatName, name) is null)
        {
            variables[flatName] = value();
        }
    }

    private string? Given(params string[] names) =>
        names.Select(name => environment[name]).FirstOrDefault(value => !string.IsNullOrWhiteSpace(value));
}
