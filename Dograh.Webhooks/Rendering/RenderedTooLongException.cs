namespace Dograh.Webhooks.Rendering;

/// <summary>A template of a few kilobytes would have rendered to more than <see cref="RenderContext.MaxLength"/>.</summary>
/// <remarks>
/// The one way in which rendering can fail: the text grows as placeholders times value length, so an owner's template could otherwise
/// take all memory of a process that serves everyone. The node is invalid for this run, with <see cref="Exception.Message"/> as the reason.
/// </remarks>
public sealed class RenderedTooLongException : Exception
{
    /// <summary>For the one place that counts; the message names the limit.</summary>
    /// <param name="maxLength">The limit in UTF-16 characters.</param>
    public RenderedTooLongException(int maxLength) : base($"the rendered text would exceed {maxLength} characters")
    {
    }

    /// <inheritdoc/>
    public RenderedTooLongException() : this(RenderContext.DefaultMaxLength)
    {
    }

    /// <inheritdoc/>
    public RenderedTooLongException(string message) : base(message)
    {
    }

    /// <inheritdoc/>
    public RenderedTooLongException(string message, Exception innerException) : base(message, innerException)
    {
    }
}
