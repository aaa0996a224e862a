using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Dograh.Api.Http;

/// <summary>A page of a list, newest first.</summary>
/// <param name="Items">The page's items.</param>
/// <param name="NextCursor">What to ask the next page with; null on the last one.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, string? NextCursor);

/// <summary>Which page is asked for: the last key of the page before, and how many items.</summary>
/// <param name="Limit">1–200.</param>
/// <param name="CreatedAt">The last item's creation; <see cref="DateTimeOffset.MaxValue"/> for the first page.</param>
/// <param name="Id">The last item's id, as text; empty for the first page.</param>
internal sealed record PageRequest(int Limit, DateTimeOffset CreatedAt, string Id)
{
    private const int DefaultLimit = 50;
    private const int MaxLimit = 200;

    public bool IsFirst => Id.Length == 0;

    public long IdAsNumber => long.TryParse(Id, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : throw BadCursor();

    public Guid IdAsUuid => Guid.TryParse(Id, out var id) ? id : throw BadCursor();

    /// <summary>Reads <c>limit</c> and <c>cursor</c>.</summary>
    /// <exception cref="ApiProblemException">One of them is not as it must be: 422.</exception>
    public static PageRequest Read(HttpRequest request)
    {
        var limit = DefaultLimit;
        if (request.Query["limit"].ToString() is { Length: > 0 } text
            && (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out limit) || limit is < 1 or > MaxLimit))
        {
            throw ApiProblemException.Unprocessable("limit", $"must be a whole number from 1 to {MaxLimit}");
        }

        return Read(limit, request.Query["cursor"].ToString());
    }

    /// <summary>The first page.</summary>
    public static PageRequest First(int limit) => new(limit, DateTimeOffset.MaxValue, "");

    /// <summary>The page that a cursor, which may be empty, stands for.</summary>
    /// <exception cref="ApiProblemException">The cursor is none: 422.</exception>
    public static PageRequest Read(int limit, string cursor)
    {
        if (cursor.Length == 0) return First(limit);
        if (!Base64Url.IsValid(cursor)) throw BadCursor();
        var parts = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(cursor)).Split('|');
        return parts.Length == 2 && parts[1].Length > 0 && long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var ticks)
            && ticks <= DateTimeOffset.MaxValue.UtcTicks
            ? new PageRequest(limit, new DateTimeOffset(ticks, TimeSpan.Zero), parts[1])
            : throw BadCursor();
    }

    /// <summary>Makes a page of up to <see cref="Limit"/> items out of one more than that.</summary>
    /// <param name="rows">What was read with a limit of <see cref="Limit"/> + 1.</param>
    /// <param name="key">A row's creation and id.</param>
    /// <param name="item">What is shown of it.</param>
    public Page<TItem> ToPage<TRow, TItem>(IReadOnlyList<TRow> rows, Func<TRow, (DateTimeOffset CreatedAt, object Id)> key, Func<TRow, TItem> item)
    {
        var items = rows.Take(Limit).Select(item).ToList();
        if (rows.Count <= Limit) return new Page<TItem>(items, NextCursor: null);
        var (createdAt, id) = key(rows[Limit - 1]);
        return new Page<TItem>(items, ToCursor(createdAt, id));
    }

    /// <summary>The cursor of the page after an item.</summary>
    public static string ToCursor(DateTimeOffset createdAt, object id) =>
        Base64Url.EncodeToString(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{createdAt.UtcTicks}|{id}")));

    private static ApiProblemException BadCursor() =>
        ApiProblemException.Unprocessable("cursor", "is not one that this list has given out; begin again without it");
}
