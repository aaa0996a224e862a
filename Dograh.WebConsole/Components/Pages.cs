using Dograh.Client;

namespace Dograh.WebConsole.Components;

/// <summary>Lists that grow page by page.</summary>
internal static class Pages
{
    /// <summary>What is there with the next page below it.</summary>
    public static Page<T> Then<T>(this Page<T> there, Page<T> next) => new([.. there.Items, .. next.Items], next.NextCursor);
}
