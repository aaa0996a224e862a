namespace Dograh.Cli.Doctor;

/// <summary>What a check found.</summary>
/// <param name="Check">What was looked at.</param>
/// <param name="Level">How it is.</param>
/// <param name="Found">What was found.</param>
/// <param name="Advice">What to do; null where nothing is to be done.</param>
internal sealed record Finding(string Check, Level Level, string Found, string? Advice = null)
{
    public static Finding Ok(string check, string found) => new(check, Level.Ok, found);

    public static Finding Warning(string check, string found, string advice) => new(check, Level.Warning, found, advice);

    public static Finding Failure(string check, string found, string advice) => new(check, Level.Failure, found, advice);
}

/// <summary>How something is.</summary>
internal enum Level
{
    /// <summary>As it should be.</summary>
    Ok,

    /// <summary>Works, but somebody should see to it.</summary>
    Warning,

    /// <summary>Does not work, or somebody must act.</summary>
    Failure,
}
