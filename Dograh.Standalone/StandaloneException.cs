namespace Dograh.Standalone;

/// <summary>
/// Something the user can mend: a port in use, a missing program, a folder that belongs to someone else. Its message is
/// written to be read alone on a terminal, so nobody prints its stack trace.
/// </summary>
public sealed class StandaloneException : Exception
{
    /// <summary>An exception that says nothing; the other constructors are the useful ones.</summary>
    public StandaloneException()
    {
    }

    /// <summary>An exception with the message that the user reads.</summary>
    public StandaloneException(string message)
        : base(message)
    {
    }

    /// <summary>An exception with the message that the user reads, and what caused it.</summary>
    public StandaloneException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
