namespace Dograh.Webhooks.Configuration;

/// <summary>A setting is missing or cannot be read; the message names it and says what to do.</summary>
public sealed class SettingException(string message) : InvalidOperationException(message);
