namespace Dograh.Api.Bins;

/// <summary>Settings of the request bins; section <c>Bins</c>.</summary>
internal sealed class BinsOptions
{
    public const string SectionName = "Bins";

    /// <summary>Whether there are bins: receivers at <c>/bin/{id}</c>, for development, which take requests without a key.</summary>
    /// <value>Default false.</value>
    public bool Enabled { get; set; }

    /// <summary>How many requests a minute one bin takes of one API; so many at once, and then one after another at that pace.</summary>
    /// <value>Default 600; 0: as many as come.</value>
    public int RequestsPerMinute { get; set; } = 600;
}
