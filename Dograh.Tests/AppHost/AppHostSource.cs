using System.Text.RegularExpressions;

namespace Dograh.Tests.AppHost;

/// <summary>
/// As much of AppHost.cs as its contract needs: which resource calls and which fluent calls are made on which variable. A call's
/// arguments may hold no parenthesis and no semicolon; what is written otherwise is not seen, and the exact comparisons then fail.
/// </summary>
internal sealed class AppHostSource
{
    private const RegexOptions Linear = RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture;

    private static readonly Regex Comment = new("//.*", Linear);
    private static readonly Regex Resource = new("""\.(?<method>Add\w+)(<[^>]+>)?\("(?<name>[^"]+)"[^)]*\)""", Linear);
    private static readonly Regex Receiver = new(@"^(var\s+)?(?<variable>\w+)\s*(=\s*builder\s*)?\.", Linear);
    private static readonly Regex Call = new(@"\.(?<method>\w+)(<[^>]+>)?\((?<arguments>[^()]*)\)", Linear);
    private static readonly Regex NameAndValue = new("""^"(?<name>\w+)", (?<value>.+)$""", Linear);

    private readonly List<(string Variable, string Method, string Arguments)> calls = [];

    private AppHostSource(string text) => Text = text;

    /// <summary>The code without comments.</summary>
    public string Text { get; }

    /// <summary>"Method name" of every resource added.</summary>
    public IReadOnlyList<string> Resources { get; private init; } = [];

    public static AppHostSource Parse(string code)
    {
        var text = Comment.Replace(code, "");
        var source = new AppHostSource(text)
        {
            Resources = [.. Resource.Matches(text).Select(match => $"{match.Groups["method"].Value} {match.Groups["name"].Value}")],
        };

        foreach (var statement in text.Split([';', '{', '}'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (Receiver.Match(statement) is { Success: true } receiver)
            {
                source.calls.AddRange(Call.Matches(statement).Select(call =>
                    (receiver.Groups["variable"].Value, call.Groups["method"].Value, call.Groups["arguments"].Value)));
            }
        }

        return source;
    }

    /// <summary>The argument lists with which a method is called on a variable, as they are written.</summary>
    public IReadOnlyList<string> Calls(string variable, string method) =>
        [.. calls.Where(call => call.Variable == variable && call.Method == method).Select(call => call.Arguments)];

    /// <summary>As <see cref="Calls"/>, with <c>"NAME", value</c> written as <c>NAME = value</c>.</summary>
    public IReadOnlyList<string> Arguments(string variable, string method) =>
        [.. Calls(variable, method).Select(arguments => NameAndValue.Replace(arguments, "${name} = ${value}"))];
}
