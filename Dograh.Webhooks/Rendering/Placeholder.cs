namespace Dograh.Webhooks.Rendering;

/// <summary>One placeholder of a template: <c>{{path}}</c>, <c>{{path | filter}}</c> or <c>{{path | filter:argument}}</c>.</summary>
internal readonly ref struct Placeholder
{
    /// <summary>Where its first brace stands.</summary>
    public required int Start { get; init; }

    /// <summary>Just past its last brace.</summary>
    public required int End { get; init; }

    public required ReadOnlySpan<char> Path { get; init; }

    public bool HasFilter { get; init; }

    /// <summary>Trimmed, and possibly nothing but that: <c>{{a | }}</c> has an empty filter.</summary>
    public ReadOnlySpan<char> Filter { get; init; }

    public bool HasArgument { get; init; }

    /// <summary>Trimmed.</summary>
    public ReadOnlySpan<char> Argument { get; init; }
}
