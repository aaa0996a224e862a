using System.Buffers;

namespace Dograh.Webhooks.Rendering;

/// <summary>Growing text in pooled memory, with a hard limit on its length.</summary>
internal sealed class RenderBuffer(int maxLength) : IDisposable
{
    private const int InitialLength = 512;

    private char[] chars = ArrayPool<char>.Shared.Rent(Math.Min(InitialLength, maxLength));

    public int Length { get; private set; }

    public ReadOnlySpan<char> Written => chars.AsSpan(0, Length);

    public void Append(char c)
    {
        Reserve(1)[0] = c;
        Commit(1);
    }

    public void Append(ReadOnlySpan<char> text)
    {
        text.CopyTo(Reserve(text.Length));
        Commit(text.Length);
    }

    /// <summary>Room for up to <paramref name="count"/> characters; the caller says with <see cref="Commit"/> how many it wrote.</summary>
    public Span<char> Reserve(int count)
    {
        if (count > chars.Length - Length)
            Grow(count);

        return chars.AsSpan(Length);
    }

    public void Commit(int count)
    {
        Length += count;
        if (Length > maxLength)
            throw new RenderedTooLongException(maxLength);
    }

    public void Truncate(int length) => Length = length;

    /// <summary>Turns every backslash followed by <c>n</c> from <paramref name="start"/> on into a newline, in place.</summary>
    public void ReplaceEscapedNewlines(int start)
    {
        Span<char> text = chars.AsSpan(start, Length - start);
        int read = text.IndexOf("\\n");
        if (read < 0)
            return;

        int written = read;
        while (read < text.Length)
        {
            bool escape = text[read] == '\\' && read + 1 < text.Length && text[read + 1] == 'n';
            text[written++] = escape ? '\n' : text[read];
            read += escape ? 2 : 1;
        }

        Length = start + written;
    }

    public override string ToString() => new(Written);

    public void Dispose()
    {
        char[] rented = chars;
        chars = [];
        Length = 0;
        ArrayPool<char>.Shared.Return(rented);
    }

    private void Grow(int count)
    {
        char[] larger = ArrayPool<char>.Shared.Rent(Math.Max(checked(Length + count), chars.Length * 2));
        Written.CopyTo(larger);
        ArrayPool<char>.Shared.Return(chars);
        chars = larger;
    }
}
