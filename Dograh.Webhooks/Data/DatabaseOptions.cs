namespace Dograh.Webhooks.Data;

/// <summary>Settings of the database, section <c>Database</c>.</summary>
public sealed class DatabaseOptions
{
    /// <summary>The configuration section.</summary>
    public const string SectionName = "Database";

    /// <summary>Whether the API applies migrations when it starts.</summary>
    /// <value>Default false: a deployment's own step does it. Standalone and the AppHost turn it on.</value>
    public bool MigrateOnStartup { get; set; }
}
