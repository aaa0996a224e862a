using System.Text.Json;

namespace Dograh.Standalone;

/// <summary>What the demo keeps between starts. It holds a key, so only its owner can read it.</summary>
internal sealed record DemoState(string ApiKey, string? WorkflowId = null, string? CredentialUuid = null, int? ReceiverPort = null)
{
    /// <summary>Reads what was kept; null if nothing was, or nothing that can be read.</summary>
    public static DemoState? Read(string path)
    {
        try
        {
            return SecretFile.Read(path) is { Length: > 0 } text ? JsonSerializer.Deserialize<DemoState>(text) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Keeps it.</summary>
    public DemoState Save(string path)
    {
        SecretFile.Write(path, JsonSerializer.Serialize(this));
        return this;
    }
}
