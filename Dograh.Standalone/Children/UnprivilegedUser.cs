using System.Globalization;

namespace Dograh.Standalone;

/// <summary>
/// The user that PostgreSQL runs as when we are root, which it refuses to be.
/// </summary>
internal sealed record UnprivilegedUser
{
    private static readonly string[] Candidates = ["postgres", "nobody"];

    private readonly Func<IEnumerable<string>, IEnumerable<string>> _wrap;

    private UnprivilegedUser(string name, int userId, int groupId, Func<IEnumerable<string>, IEnumerable<string>> wrap)
    {
        Name = name;
        UserId = userId;
        GroupId = groupId;
        _wrap = wrap;
    }

    /// <summary>Its name, for messages.</summary>
    public string Name { get; }

    public int UserId { get; }

    public int GroupId { get; }

    /// <summary>The user for a new database cluster.</summary>
    /// <returns>Null when we are not root, and so need no other user.</returns>
    /// <exception cref="StandaloneException">We are root, and no other user or no way to become one was found.</exception>
    public static async Task<UnprivilegedUser?> ChooseAsync(CancellationToken cancellationToken)
    {
        if (OperatingSystem.IsWindows() || !Environment.IsPrivilegedProcess)
        {
            return null;
        }

        foreach (var name in Candidates)
        {
            if (await IdAsync("-u", name, cancellationToken) is { } userId && await IdAsync("-g", name, cancellationToken) is { } groupId)
            {
                return As(name, userId, groupId);
            }
        }

        throw new StandaloneException("PostgreSQL does not run as root, and this machine has neither a user 'postgres' nor 'nobody' to run it as. Start Standalone as an ordinary user.");
    }

    /// <summary>The user whom an existing cluster belongs to: PostgreSQL runs as no other.</summary>
    public async Task<UnprivilegedUser> OrOwnerOfAsync(string directory, CancellationToken cancellationToken)
    {
        // drwx------ 19 101 104 4096 Jan  1 12:00 cluster
        var listing = await CommandRun.OfAsync(["ls", "-nd", directory], cancellationToken: cancellationToken);
        var fields = listing.Output.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return listing.Succeeded && fields.Length > 3
            && int.TryParse(fields[2], CultureInfo.InvariantCulture, out var userId)
            && int.TryParse(fields[3], CultureInfo.InvariantCulture, out var groupId)
            && userId != 0 && userId != UserId
            ? As(userId.ToString(CultureInfo.InvariantCulture), userId, groupId)
            : this;
    }

    /// <summary>The command that runs another as this user.</summary>
    public IEnumerable<string> Wrap(IEnumerable<string> command) => _wrap(command);

    /// <summary>Gives it a file or an empty folder.</summary>
    public void Own(string path) => UnixCalls.ChangeOwner(path, UserId, GroupId);

    /// <summary>Whether it can enter a folder, which takes the right to pass through every folder above.</summary>
    public async Task<bool> CanEnterAsync(string directory, CancellationToken cancellationToken) =>
        (await CommandRun.OfAsync([.. Wrap(["/bin/sh", "-c", "cd \"$0\"", directory])], "/", cancellationToken)).Succeeded;

    private static UnprivilegedUser As(string name, int userId, int groupId)
    {
        if (Executables.Find("setpriv") is { } setpriv)
        {
            return new(name, userId, groupId, command => [setpriv, $"--reuid={userId}", $"--regid={groupId}", "--clear-groups", "--", .. command]);
        }

        if (Executables.Find("runuser") is { } runuser)
        {
            return new(name, userId, groupId, command => [runuser, "-u", name, "--", .. command]);
        }

        if (Executables.Find("su") is { } su)
        {
            // su knows one string for a shell only; its further words become that shell's "$0" and "$@".
            return new(name, userId, groupId, command => [su, "-s", "/bin/sh", "-c", "exec \"$0\" \"$@\"", name, .. command]);
        }

        throw new StandaloneException("PostgreSQL does not run as root, and none of setpriv, runuser and su was found to run it as another user. Start Standalone as an ordinary user.");
    }

    private static async Task<int?> IdAsync(string which, string name, CancellationToken cancellationToken)
    {
        var run = await CommandRun.OfAsync(["id", which, name], cancellationToken: cancellationToken);
        return run.Succeeded && int.TryParse(run.Output, CultureInfo.InvariantCulture, out var id) ? id : null;
    }
}
