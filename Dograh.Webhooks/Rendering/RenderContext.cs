using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Dograh.Webhooks.Rendering;

/// <summary>The values a template may name: a JSON object built from the completed run, and the instant of rendering.</summary>
/// <remarks>
/// Not for use by two threads at once: looking a name up in a large object indexes it. The document behind <c>root</c> must outlive the context.
/// </remarks>
public sealed class RenderContext
{
    /// <summary>The default of <see cref="MaxLength"/>: 8 Mi characters.</summary>
    public const int DefaultMaxLength = 8 * 1024 * 1024;

    /// <summary>Below this many members a plain walk beats building an index, and bounds each lookup all the same.</summary>
    private const int IndexedFrom = 64;

    private readonly JsonElement root;

    // By the path that leads to the object, its dot included, so that many placeholders over one huge object stay linear.
    private Dictionary<string, OrderedDictionary<string, JsonElement>>? indexes;

    /// <summary>Wraps the values of one run.</summary>
    /// <param name="root">The values; anything but an object has no members, so every name is missing.</param>
    /// <param name="now">The instant that <c>current_time</c> and <c>current_weekday</c> tell, whatever its offset.</param>
    public RenderContext(JsonElement root, DateTimeOffset now)
    {
        this.root = root;
        Now = now;
    }

    /// <summary>The instant of rendering.</summary>
    public DateTimeOffset Now { get; }

    /// <summary>The longest text, in UTF-16 characters, that one call may render to before <see cref="RenderedTooLongException"/>.</summary>
    /// <value>Default <see cref="DefaultMaxLength"/>.</value>
    /// <remarks>Too small: honest payloads fail. Too large: a template that repeats one long value takes that much memory, per request.</remarks>
    public int MaxLength { get; init; } = DefaultMaxLength;

    /// <summary>Follows a dotted path through objects.</summary>
    /// <returns>The value, never null; or null where a name is missing, its value is JSON null, or the path leads through anything else.</returns>
    internal JsonElement? Find(ReadOnlySpan<char> path)
    {
        JsonElement current = root;
        int start = 0;
        while (start <= path.Length)
        {
            int length = path[start..].IndexOf('.');
            if (length < 0)
                length = path.Length - start;
            if (!TryGetMember(current, path[..start], path.Slice(start, length), out current) || IsNull(current))
                return null;

            start += length + 1;
        }

        return current;
    }

    /// <summary>The object of all values, as a placeholder may get it whole.</summary>
    internal JsonElement? Root => IsNull(root) ? null : root;

    /// <summary>Looks one member up, JSON null included.</summary>
    internal static bool TryGetMember(JsonElement owner, ReadOnlySpan<char> name, out JsonElement value)
    {
        value = default;
        return owner.ValueKind == JsonValueKind.Object && TryScan(owner, name, out value);
    }

    private static bool IsNull(JsonElement value) => value.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined;

    private bool TryGetMember(JsonElement owner, ReadOnlySpan<char> ownerPath, ReadOnlySpan<char> name, out JsonElement value)
    {
        value = default;
        if (owner.ValueKind != JsonValueKind.Object)
            return false;

        return owner.GetPropertyCount() < IndexedFrom
            ? TryScan(owner, name, out value)
            : IndexOf(owner, ownerPath).TryGetValue(name.ToString(), out value);
    }

    private static bool TryScan(JsonElement owner, ReadOnlySpan<char> name, out JsonElement value)
    {
        byte[]? rented = null;
        int longest = Encoding.UTF8.GetMaxByteCount(name.Length);
        Span<byte> utf8 = longest <= 256 ? stackalloc byte[256] : rented = ArrayPool<byte>.Shared.Rent(longest);
        utf8 = utf8[..Encoding.UTF8.GetBytes(name, utf8)];
        value = default;
        bool found = false;
        foreach (JsonProperty member in owner.EnumerateObject())
        {
            if (JsonText.NameEquals(member, name, utf8))
                (found, value) = (true, member.Value); // no break: of equal names the last one counts
        }

        if (rented is not null)
            ArrayPool<byte>.Shared.Return(rented);
        return found;
    }

    private OrderedDictionary<string, JsonElement> IndexOf(JsonElement owner, ReadOnlySpan<char> ownerPath)
    {
        indexes ??= [];
        var byPath = indexes.GetAlternateLookup<ReadOnlySpan<char>>();
        if (!byPath.TryGetValue(ownerPath, out OrderedDictionary<string, JsonElement>? index))
            byPath[ownerPath] = index = JsonMembers.Of(owner);

        return index;
    }
}
