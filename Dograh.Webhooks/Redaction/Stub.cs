namespace Dograh.Webhooks.Redaction { public static class FailureMessage { public static string Redact(string? s) => s ?? ""; } public static class SafeUrl { public static string Origin(string s) => s; } }
namespace Dograh.Webhooks.Rendering { public static class CustomHeaders { public static bool LooksSecret(string s) => s.Contains("auth", System.StringComparison.OrdinalIgnoreCase); } }
