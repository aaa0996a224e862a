namespace Dograh.Cli;

/// <summary>What the program ends with; documented in <c>docs/cli.md</c>, for scripts lean on them.</summary>
internal static class ExitCodes
{
    /// <summary>Done.</summary>
    public const int Ok = 0;

    /// <summary>Not done, or not all of it.</summary>
    public const int Failed = 1;

    /// <summary>What was asked for makes no sense.</summary>
    public const int Usage = 2;

    /// <summary>Not signed in, or the key may not.</summary>
    public const int NotSignedIn = 3;

    /// <summary>There is no such thing.</summary>
    public const int NotFound = 4;

    /// <summary>The server cannot be reached, or cannot serve now.</summary>
    public const int Unreachable = 5;

    /// <summary>Interrupted by Ctrl+C.</summary>
    public const int Interrupted = 130;
}
