using System.Text.RegularExpressions;

namespace Dograh.Tests.Cli;

/// <summary>What a terminal was sent, as text.</summary>
internal static partial class Terminal
{
    /// <summary>Without what moves the cursor and colours.</summary>
    public static string Plain(string shown) => Sequence().Replace(shown, "").Replace("\r", "", StringComparison.Ordinal);

    [GeneratedRegex(@"\x1b(\[[0-9;?]*[ -/]*[@-~]|[=>]|\][^\x07]*\x07)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Sequence();
}
