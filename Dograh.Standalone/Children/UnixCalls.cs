using System.Runtime.InteropServices;

namespace Dograh.Standalone;

/// <summary>A Unix signal that is sent to a child, by its number (the same on Linux and macOS).</summary>
internal enum UnixSignal
{
    HangUp = 1,
    Interrupt = 2,
    Quit = 3,
    Kill = 9,
    Terminate = 15,
}

/// <summary>The two system calls that .NET does not offer: sending a chosen signal, and giving a file to another user.</summary>
internal static partial class UnixCalls
{
    /// <summary>Sends a signal. A process that is gone already is no error: whoever signals wants it gone.</summary>
    public static void Signal(int processId, UnixSignal signal)
    {
        // Zero and negative numbers name process groups; ours would be among them.
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(processId);
        _ = Kill(processId, (int)signal);
    }

    /// <summary>Gives a file or folder to a user, which only root can.</summary>
    public static void ChangeOwner(string path, int userId, int groupId)
    {
        if (ChangeOwnerOf(path, userId, groupId) != 0)
        {
            throw new StandaloneException($"Could not give {path} to user {userId}: {Marshal.GetLastPInvokeErrorMessage()}.");
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Kill(int processId, int signal);

    [LibraryImport("libc", EntryPoint = "chown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int ChangeOwnerOf(string path, int userId, int groupId);
}
