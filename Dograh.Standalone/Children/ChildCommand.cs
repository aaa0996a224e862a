namespace Dograh.Standalone;

/// <summary>A program to be started as a child that lives until we stop it.</summary>
internal sealed record ChildCommand
{
    /// <summary>The program's full path.</summary>
    public required string Executable { get; init; }

    /// <summary>What it is called with. Everybody on the machine can read it, so never a secret.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>What is added to our own environment; a null value takes a variable away.</summary>
    public IReadOnlyDictionary<string, string?> Environment { get; init; } = new Dictionary<string, string?>();

    /// <summary>The folder it runs in.</summary>
    public required string WorkingDirectory { get; init; }

    /// <summary>The file that its output is appended to.</summary>
    public required string LogFile { get; init; }

    /// <summary>The signal that makes it stop in good order, sent by the system if we die without having stopped it.</summary>
    public UnixSignal StopSignal { get; init; } = UnixSignal.Terminate;

    /// <summary>The user it runs as, or null for ours.</summary>
    public UnprivilegedUser? User { get; init; }
}
