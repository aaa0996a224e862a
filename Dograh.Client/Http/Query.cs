using System.Globalization;
using System.Text;

namespace Dograh.Client.Http;

/// <summary>A path with its query; what is null is left out.</summary>
internal sealed class Query(string path)
{
    private readonly StringBuilder _text = new(path);
    private char _separator = '?';

    public Query Add(string name, string? value)
    {
        if (value is null) return this;
        _text.Append(_separator).Append(name).Append('=').Append(Uri.EscapeDataString(value));
        _separator = '&';
        return this;
    }

    public Query Add(string name, long? value) => Add(name, value?.ToString(CultureInfo.InvariantCulture));

    public Query Add(string name, DateTimeOffset? value) => Add(name, value?.UtcDateTime.ToString("O", CultureInfo.InvariantCulture));

    /// <summary>Which page of a list.</summary>
    public string Page(int? limit, string? cursor) => Add("limit", (long?)limit).Add("cursor", cursor).ToString();

    public override string ToString() => _text.ToString();
}
