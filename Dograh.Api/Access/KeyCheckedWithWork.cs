namespace Dograh.Api.Access;

/// <summary>Says of an endpoint that its work asks whether the caller's key works, in the statement that it begins with anyway.</summary>
/// <remarks>A key that was never seen to work is looked up before, as everywhere: nobody without one has anything parsed.</remarks>
internal sealed class KeyCheckedWithWork;

/// <summary>The key that a request came with.</summary>
/// <param name="Hash">Its hash.</param>
/// <param name="IsChecked">Whether PostgreSQL was asked for it in this request.</param>
/// <param name="Key">The key; null if it does not work.</param>
internal sealed record CallerKey(byte[] Hash, bool IsChecked, WorkingKey? Key);
