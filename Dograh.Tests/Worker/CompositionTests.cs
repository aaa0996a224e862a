using Dograh.Tests.Support;
using Dograh.Webhooks.Configuration;

namespace Dograh.Tests.Worker;

public sealed class CompositionTests
{
    [Theory]
    [InlineData("ConnectionStrings:dograhdb", null, "ConnectionStrings:dograhdb is not set. Give PostgreSQL's connection string, for instance ")]
    [InlineData("ConnectionStrings:dograhdb", "s3cret", "ConnectionStrings:dograhdb cannot be read: ")]
    [InlineData("ConnectionStrings:dograhdb", "Host=db;Password=s3cret;Port=many", "ConnectionStrings:dograhdb cannot be read: ")]
    [InlineData("ConnectionStrings:redis", null, "ConnectionStrings:redis is not set. Give the address of Redis, Valkey or Garnet, for instance ")]
    [InlineData("ConnectionStrings:redis", "localhost,password=s3cret,abortConnect=perhaps", "ConnectionStrings:redis cannot be read: ")]
    public async Task A_connection_string_that_is_missing_or_cannot_be_read_is_named_and_never_quoted(string name, string? value, string message)
    {
        await using var nowhere = new TestDatabase("Host=127.0.0.1;Port=1");

        var fault = Assert.Throws<MissingSettingException>(() => TestWorker.Compose(nowhere, TestWorker.NoRedis, (name, value)));

        Assert.StartsWith(message, fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", fault.Message, StringComparison.Ordinal);
    }
}
