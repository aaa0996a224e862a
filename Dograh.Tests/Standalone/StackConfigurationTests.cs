using Dograh.Standalone;
using Microsoft.Extensions.Configuration;

namespace Dograh.Tests.Standalone;

public sealed class StackConfigurationTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly DataFolder _data;

    public StackConfigurationTests() => _data = DataFolder.Open(_folder.Path);

    public void Dispose()
    {
        _data.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void What_the_user_has_not_set_is_set_for_a_machine_alone()
    {
        var api = Configuration().ForApi("Host=db", "redis:1", "http://localhost:1");

        Assert.Equal("Host=db", api["ConnectionStrings__dograhdb"]);
        Assert.Equal("redis:1", api["ConnectionStrings__redis"]);
        Assert.Equal("http://localhost:1", api["ASPNETCORE_URLS"]);
        Assert.Equal("true", api["DATABASE_MIGRATE_ON_STARTUP"]);
        Assert.Equal("127.0.0.0/8,::1/128", api["EGRESS_ALLOWED_NETWORKS"]);
        Assert.Equal("true", api["BINS_ENABLED"]);
        Assert.Equal("1", api["WEBHOOK_DELIVERY_BASE_DELAY_SECONDS"]);
        Assert.Equal(32, Convert.FromBase64String(api["SECRETS_MASTER_KEY"]!).Length);
        Assert.True(api["ADMIN_API_KEY"]!.Length >= 32);
    }

    [Theory]
    [InlineData("WEBHOOK_DELIVERY_BASE_DELAY_SECONDS")]
    [InlineData("WebhookDelivery:BaseDelaySeconds")]
    public void What_the_user_has_set_under_either_name_is_left_alone(string name)
    {
        var worker = Configuration((name, "7")).ForWorker("Host=db", "redis:1");

        Assert.DoesNotContain("WEBHOOK_DELIVERY_BASE_DELAY_SECONDS", worker.Keys);
    }

    [Fact]
    public void Secrets_are_made_once_and_only_their_owner_can_read_them()
    {
        var first = Configuration().ForApi("", "", "");
        var second = Configuration().ForApi("", "", "");

        Assert.Equal(first["SECRETS_MASTER_KEY"], second["SECRETS_MASTER_KEY"]);
        Assert.Equal(first["ADMIN_API_KEY"], second["ADMIN_API_KEY"]);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_data.MasterKey));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_data.AdminKey));
        }
    }

    [Fact]
    public void Keys_that_the_user_has_set_are_used_and_not_stored()
    {
        var configuration = Configuration(("ADMIN_API_KEY", "mine"), ("Secrets:MasterKey", "also mine"));
        configuration.ForApi("", "", "");

        Assert.True(configuration.AdminKeyIsGiven);
        Assert.Equal("mine", configuration.AdminKey);
        Assert.False(File.Exists(_data.AdminKey));
        Assert.False(File.Exists(_data.MasterKey));
    }

    [Fact]
    public void A_worker_may_take_its_grace_period_and_a_little_more()
    {
        Assert.Equal(TimeSpan.FromSeconds(35), Configuration().WorkerGrace);
        Assert.Equal(TimeSpan.FromSeconds(7.5), Configuration(("WEBHOOK_DELIVERY_SHUTDOWN_GRACE_SECONDS", "2.5")).WorkerGrace);
    }

    private StackConfiguration Configuration(params (string Name, string Value)[] given) =>
        new(new ConfigurationBuilder().AddInMemoryCollection(given.Select(setting => KeyValuePair.Create(setting.Name, (string?)setting.Value))).Build(), _data);
}
