using System.Reflection;
using System.Text.RegularExpressions;
using Dograh.Tests.AppHost;
using Dograh.Webhooks.Deliveries;
using NetArchTest.Rules;

namespace Dograh.Tests.Architecture;

/// <summary>The lines that folders cannot hold.</summary>
public sealed partial class ArchitectureTests
{
    private static readonly Assembly Domain = typeof(DeliveryStatus).Assembly;
    private static readonly Assembly Api = Assembly.Load("Dograh.Api");
    private static readonly Assembly Worker = Assembly.Load("Dograh.Worker");

    [Fact]
    public void The_API_and_the_worker_do_not_know_each_other()
    {
        AssertNoDependency(Api, "Dograh.Worker");
        AssertNoDependency(Worker, "Dograh.Api");
    }

    [Fact]
    public void The_domain_knows_neither_service_nor_what_they_are_hosted_by()
    {
        AssertNoDependency(Domain, "Dograh.Api", "Dograh.Worker", "Dograh.Standalone", "Dograh.ServiceDefaults", "Microsoft.AspNetCore.Http", "Microsoft.AspNetCore.Builder");
    }

    [Fact]
    public void The_command_line_has_no_way_in_but_the_public_API()
    {
        Assert.All(Assembly.Load("Dograh.Client").GetReferencedAssemblies(), known => Assert.StartsWith("System.", known.Name, StringComparison.Ordinal));
        Assert.Equal(
            ["Dograh.Client", "Dograh.Webhooks.Receiver"],
            Assembly.Load("Dograh.Cli").GetReferencedAssemblies().Select(known => known.Name!).Where(name => name.StartsWith("Dograh.", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Rendering_and_redaction_are_pure()
    {
        foreach (var folder in (string[])["Dograh.Webhooks.Rendering", "Dograh.Webhooks.Redaction"])
        {
            var result = Types.InAssembly(Domain).That().ResideInNamespace(folder).ShouldNot()
                .HaveDependencyOnAny("Npgsql", "StackExchange.Redis", "Microsoft.EntityFrameworkCore", "System.Net.Http").GetResult();
            Assert.True(result.IsSuccessful, string.Join(", ", result.FailingTypeNames ?? []));
        }
    }

    [Fact]
    public void Deliveries_statements_are_written_in_one_folder_only()
    {
        var elsewhere = Directory.EnumerateFiles(Repository.Root, "*.cs", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(Repository.Root, file).Replace('\\', '/'))
            .Where(file => file.StartsWith("Dograh.Webhooks/", StringComparison.Ordinal) || file.StartsWith("Dograh.Api/", StringComparison.Ordinal)
                || file.StartsWith("Dograh.Worker/", StringComparison.Ordinal))
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal))
            .Where(file => !file.StartsWith("Dograh.Webhooks/Data/", StringComparison.Ordinal))
            .Where(file => DeliveryStatement().IsMatch(File.ReadAllText(Path.Combine(Repository.Root, file))));

        Assert.Empty(elsewhere);
    }

    [Fact]
    public void A_rule_that_is_broken_is_seen()
    {
        var broken = Types.InAssembly(Worker).ShouldNot().HaveDependencyOn("Dograh.Webhooks").GetResult();

        Assert.False(broken.IsSuccessful);
        Assert.Contains("Dograh.Worker.DeliveryDispatcher", broken.FailingTypeNames);
        Assert.Matches(DeliveryStatement(), "UPDATE webhook_deliveries AS d SET status = 'succeeded'");
    }

    private static void AssertNoDependency(Assembly assembly, params string[] namespaces)
    {
        var result = Types.InAssembly(assembly).ShouldNot().HaveDependencyOnAny(namespaces).GetResult();
        Assert.True(result.IsSuccessful, string.Join(", ", result.FailingTypeNames ?? []));
    }

    [GeneratedRegex(@"\b(?:UPDATE|INSERT INTO|DELETE FROM|FROM)\s+webhook_deliver", RegexOptions.NonBacktracking)]
    private static partial Regex DeliveryStatement();
}
