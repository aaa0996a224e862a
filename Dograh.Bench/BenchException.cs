namespace Dograh.Bench;

/// <summary>Something kept a side from being measured; the message says what, for the person at the terminal.</summary>
internal sealed class BenchException : Exception
{
    public BenchException()
    {
    }

    public BenchException(string message)
        : base(message)
    {
    }

    public BenchException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
