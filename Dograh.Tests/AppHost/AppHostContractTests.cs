using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Dograh.Webhooks;

namespace Dograh.Tests.AppHost;

/// <summary>
/// Holds the AppHost against the names that Api and Worker read. Nothing here needs Aspire: the AppHost is read as text, because
/// where its packages cannot be restored, a renamed setting would otherwise be noticed only in the cloud.
/// </summary>
public sealed class AppHostContractTests
{
    private const string AspireVersion = "13.5.2";
    private const string AppHostProject = "Dograh.AppHost/Dograh.AppHost.csproj";

    // As the services read them; docs/deploying.md tells the operator what each is for.
    private const string AdminApiKey = "ADMIN_API_KEY";
    private const string MasterKey = "SECRETS_MASTER_KEY";
    private const string MigrateOnStartup = "DATABASE_MIGRATE_ON_STARTUP";
    private const string AllowedNetworks = "EGRESS_ALLOWED_NETWORKS";
    private const string BinsEnabled = "BINS_ENABLED";

    private const RegexOptions Linear = RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture;

    private static readonly Regex ParameterCall = new("""AddParameter\("(?<name>[^"]+)"(?<rest>[^)]*)\)""", Linear);
    private static readonly Regex ProjectType = new(@"AddProject<Projects\.(?<type>\w+)>", Linear);
    private static readonly Regex SolutionProject = new(@"[^""]+\.csproj", Linear);

    private static readonly AppHostSource Source = AppHostSource.Parse(Repository.Read("Dograh.AppHost/AppHost.cs"));

    [Fact]
    public void Resources_carry_the_names_their_readers_expect()
    {
        Assert.Equal(
            [
                "AddConnectionString " + ConnectionNames.Database,
                "AddConnectionString " + ConnectionNames.Redis,
                "AddDatabase " + ConnectionNames.Database,
                "AddParameter adminkey",
                "AddParameter masterkey",
                "AddPostgres postgres",
                "AddProject api",
                "AddProject worker",
                "AddRedis " + ConnectionNames.Redis,
            ],
            Source.Resources.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("api", AdminApiKey + " = adminKey", MasterKey + " = masterKey", MigrateOnStartup + " = \"true\"", AllowedNetworks + " = loopback", BinsEnabled + " = \"true\"")]
    [InlineData("worker", MasterKey + " = masterKey", AllowedNetworks + " = loopback")]
    public void A_service_is_given_the_settings_it_reads_and_no_others(string service, params string[] settings)
    {
        Assert.Equal(settings.Order(StringComparer.Ordinal), Source.Arguments(service, "WithEnvironment").Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("api", "database", "redis")]
    [InlineData("worker", "api", "database", "redis")]
    public void A_service_waits_for_what_it_needs(string service, params string[] dependencies)
    {
        Assert.Equal(dependencies, Source.Arguments(service, "WaitFor").Order(StringComparer.Ordinal));
        Assert.Equal(["database", "redis"], Source.Arguments(service, "WithReference").Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Only_the_api_faces_the_outside_and_only_workers_are_many()
    {
        Assert.Equal(["\"/health\", endpointName: \"http\""], Source.Calls("api", "WithHttpHealthCheck"));
        Assert.Single(Source.Calls("api", "WithExternalHttpEndpoints"));
        Assert.Empty(Source.Calls("worker", "WithExternalHttpEndpoints"));
        Assert.Equal(["2"], Source.Calls("worker", "WithReplicas"));
    }

    [Fact]
    public void Loopback_receivers_are_allowed_in_run_mode_only()
    {
        var runModeOnly = Source.Text[Source.Text.LastIndexOf("if (builder.ExecutionContext.IsRunMode)", StringComparison.Ordinal)..];

        Assert.Equal(2, Source.Text.Split(AllowedNetworks).Length - 1);
        Assert.Equal(2, runModeOnly.Split(AllowedNetworks).Length - 1);
        Assert.Equal((1, 1), (Source.Text.Split(BinsEnabled).Length - 1, runModeOnly.Split(BinsEnabled).Length - 1));
    }

    [Fact]
    public void Containers_keep_their_data()
    {
        Assert.Contains("AddPostgres(\"postgres\").WithDataVolume(\"dograh-postgres\").AddDatabase(", Source.Text, StringComparison.Ordinal);
        Assert.Contains("AddRedis(\"redis\").WithDataVolume(\"dograh-redis\").WithPersistence()", Source.Text, StringComparison.Ordinal);
        Assert.True(Guid.TryParse(Property("UserSecretsId"), out _), "Without user secrets a kept volume outlives its password");
    }

    [Fact]
    public void Every_Aspire_version_is_the_same()
    {
        var project = XDocument.Parse(Repository.Read(AppHostProject)).Root!;
        var packages = project.Descendants("PackageReference").ToDictionary(p => (string)p.Attribute("Include")!, p => (string?)p.Attribute("Version"));

        Assert.Equal("Aspire.AppHost.Sdk/" + AspireVersion, (string?)project.Attribute("Sdk"));
        Assert.Equal(["Aspire.Hosting.PostgreSQL", "Aspire.Hosting.Redis"], packages.Keys.Order(StringComparer.Ordinal));
        Assert.All(packages.Values, version => Assert.Equal(AspireVersion, version));
        Assert.DoesNotContain("\"Aspire.", Repository.Read("Directory.Packages.props"), StringComparison.Ordinal);
        Assert.Equal("false", Property("ManagePackageVersionsCentrally"));
        Assert.Equal("false", Property("AspireUseCliBundle"));
    }

    [Fact]
    public void The_projects_it_starts_are_the_ones_it_references()
    {
        var referenced = XDocument.Parse(Repository.Read(AppHostProject)).Descendants("ProjectReference")
            .Select(reference => (string)reference.Attribute("Include")!)
            .ToList();

        Assert.All(referenced, path => Assert.True(Repository.Exists("Dograh.AppHost/" + path), path));
        Assert.Equal(
            referenced.Select(path => Path.GetFileNameWithoutExtension(path).Replace('.', '_')).Order(StringComparer.Ordinal),
            ProjectType.Matches(Source.Text).Select(match => match.Groups["type"].Value).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Secrets_are_parameters_with_a_value_for_development_only()
    {
        var development = Repository.ReadJson("Dograh.AppHost/appsettings.Development.json").GetProperty("Parameters").EnumerateObject()
            .ToDictionary(parameter => parameter.Name, parameter => parameter.Value.GetString()!);
        var parameters = ParameterCall.Matches(Source.Text).ToDictionary(match => match.Groups["name"].Value, match => match.Groups["rest"].Value);

        Assert.All(parameters.Values, rest => Assert.Equal(", secret: true", rest));
        Assert.Equal(parameters.Keys.Order(StringComparer.Ordinal), development.Keys.Order(StringComparer.Ordinal));
        Assert.Equal("development-only-not-a-secret-32"u8.ToArray(), Convert.FromBase64String(development["masterkey"])); // 32 bytes
        Assert.StartsWith("development-only", development["adminkey"], StringComparison.Ordinal);
        Assert.All(parameters.Keys, name => Assert.Matches("^[a-z]+$", name)); // a shell cannot set Parameters__ with a dash

        string[] published = ["Dograh.AppHost/AppHost.cs", "Dograh.AppHost/appsettings.json", "Dograh.AppHost/Properties/launchSettings.json", AppHostProject, "azure.yaml"];
        Assert.All(published, file => Assert.DoesNotContain(development.Values, value => Repository.Read(file).Contains(value, StringComparison.Ordinal)));
        Assert.Equal(["Logging"], Repository.ReadJson("Dograh.AppHost/appsettings.json").EnumerateObject().Select(section => section.Name));
    }

    [Theory]
    [InlineData("http")]
    [InlineData("https")]
    public void A_launch_profile_names_every_address_Aspire_needs(string name)
    {
        var profile = Profiles("Dograh.AppHost").GetProperty(name);
        var environment = profile.GetProperty("environmentVariables");

        Assert.Equal("Project", profile.GetProperty("commandName").GetString());
        Assert.StartsWith(name + "://", profile.GetProperty("applicationUrl").GetString(), StringComparison.Ordinal);
        Assert.Equal("Development", environment.GetProperty("ASPNETCORE_ENVIRONMENT").GetString());
        Assert.Equal("Development", environment.GetProperty("DOTNET_ENVIRONMENT").GetString());
        Assert.StartsWith(name + "://", environment.GetProperty("ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL").GetString(), StringComparison.Ordinal);
        Assert.StartsWith(name + "://", environment.GetProperty("ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL").GetString(), StringComparison.Ordinal);
        Assert.Equal(name is "http", environment.TryGetProperty("ASPIRE_ALLOW_UNSECURED_TRANSPORT", out _)); // else Aspire refuses to start on http
    }

    [Fact]
    public void The_api_has_a_plain_http_endpoint_in_every_profile_and_the_first_needs_no_certificate()
    {
        var urls = Profiles("Dograh.Api").EnumerateObject().ToDictionary(profile => profile.Name, profile => profile.Value.GetProperty("applicationUrl").GetString()!);

        Assert.Equal(["http", "https"], urls.Keys);
        Assert.Equal("http://localhost:5180", urls["http"]);
        Assert.Equal("https://localhost:7180;http://localhost:5180", urls["https"]);
        Assert.Equal("http", Profiles("Dograh.AppHost").EnumerateObject().First().Name);
        Assert.All(Profiles("Dograh.Worker").EnumerateObject(), profile => Assert.False(profile.Value.TryGetProperty("applicationUrl", out _)));
    }

    [Fact]
    public void Azd_and_the_Aspire_tool_find_the_AppHost()
    {
        var services = Repository.Read("azure.yaml").Split("\nservices:\n")[1];

        Assert.Equal($"  app:\n    language: dotnet\n    project: ./{AppHostProject}\n    host: containerapp\n", services);
        Assert.Equal(AppHostProject, Repository.ReadJson("aspire.config.json").GetProperty("appHost").GetProperty("path").GetString());
        Assert.True(Repository.Exists(AppHostProject));
    }

    [Fact]
    public void The_solution_filter_holds_every_project_but_the_AppHost()
    {
        var solution = SolutionProject.Matches(Repository.Read("Dograh.sln")).Select(match => match.Value).ToList();
        var filter = Repository.ReadJson("Dograh.slnf").GetProperty("solution");

        Assert.Contains(AppHostProject.Replace('/', '\\'), solution);
        Assert.Equal("Dograh.sln", filter.GetProperty("path").GetString());
        Assert.Equal(
            solution.Where(project => project != AppHostProject.Replace('/', '\\')).Order(StringComparer.Ordinal),
            filter.GetProperty("projects").EnumerateArray().Select(project => project.GetString()).Order(StringComparer.Ordinal));
    }

    private static string? Property(string name) =>
        XDocument.Parse(Repository.Read(AppHostProject)).Descendants(name).SingleOrDefault()?.Value;

    private static JsonElement Profiles(string project) =>
        Repository.ReadJson(project + "/Properties/launchSettings.json").GetProperty("profiles");
}
