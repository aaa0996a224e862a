using System.Globalization;

namespace Dograh.Api.Http;

/// <summary>Collects what is wrong with a body, so that its sender learns all of it at once.</summary>
internal sealed class Faults
{
    private const int MaxTextLength = 1000;

    private readonly Dictionary<string, string[]> _faults = new(StringComparer.Ordinal);

    /// <summary>What was found so far, by field or JSON pointer.</summary>
    public IReadOnlyDictionary<string, string[]> Found => _faults;

    public void Add(string field, string fault) => _faults[field] = _faults.TryGetValue(field, out var before) ? [.. before, fault] : [fault];

    public void Add(IReadOnlyDictionary<string, string[]> faults)
    {
        foreach (var (field, texts) in faults)
        {
            foreach (var text in texts) Add(field, text);
        }
    }

    /// <summary>A text that must be there.</summary>
    public string RequireText(string field, string? value, int maxLength = MaxTextLength)
    {
        if (string.IsNullOrWhiteSpace(value)) Add(field, "must be a non-empty string");
        else CheckText(field, value, maxLength);
        return value ?? "";
    }

    /// <summary>A text that may be missing.</summary>
    public void CheckText(string field, string? value, int maxLength = MaxTextLength)
    {
        if (value is null) return;
        if (value.Length > maxLength) Add(field, $"must be at most {maxLength} characters");
        if (value.Contains('\0', StringComparison.Ordinal)) Add(field, "must not contain a NUL character");
    }

    /// <summary>A time that may be missing.</summary>
    public DateTimeOffset? ReadTime(string field, string? text)
    {
        if (text is null) return null;
        if (DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)) return time;
        Add(field, "must be an ISO 8601 time, such as 2026-01-31T12:00:00Z");
        return null;
    }

    /// <exception cref="ApiProblemException">There is a fault: 422.</exception>
    public void ThrowIfAny()
    {
        if (_faults.Count > 0) throw ApiProblemException.Unprocessable(_faults);
    }
}
