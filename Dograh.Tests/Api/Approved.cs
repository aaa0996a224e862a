using Dograh.Standalone;

namespace Dograh.Tests.Api;

/// <summary>Compares a text with an approved file of the repository.</summary>
internal static class Approved
{
    /// <summary>The text is the approved one; where it is not, what was received is left beside it to be looked at and taken over by hand.</summary>
    /// <param name="text">What there is now.</param>
    /// <param name="path">The file, from the repository's root.</param>
    public static void Match(string text, string path)
    {
        var approved = Path.Combine(StackLayout.Repository!, path);
        var received = approved.Replace(".approved.", ".received.", StringComparison.Ordinal);
        text = text.ReplaceLineEndings("\n").TrimEnd('\n') + "\n";
        var expected = File.Exists(approved) ? File.ReadAllText(approved).ReplaceLineEndings("\n") : "";
        if (text == expected)
        {
            File.Delete(received);
            return;
        }

        File.WriteAllText(received, text);
        Assert.Fail(
            $"{path} is not what was approved. Compare it with {Path.GetFileName(received)} beside it; if that is right, put it in its place.\n"
            + FirstDifference(expected, text));
    }

    private static string FirstDifference(string expected, string actual)
    {
        var (before, after) = (expected.Split('\n'), actual.Split('\n'));
        var line = Enumerable.Range(0, Math.Max(before.Length, after.Length)).First(i => before.ElementAtOrDefault(i) != after.ElementAtOrDefault(i));
        return $"line {line + 1}:\n- {before.ElementAtOrDefault(line)}\n+ {after.ElementAtOrDefault(line)}";
    }
}
