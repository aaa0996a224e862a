using Microsoft.AspNetCore.Http;

namespace Dograh.WebConsole.Session;

/// <summary>Says whether a key works.</summary>
/// <param name="context">The request that it came with, whose address answers for wrong ones.</param>
/// <param name="key">The key.</param>
/// <returns>Null if it works; otherwise what to tell whoever tried.</returns>
public delegate Task<string?> CheckKey(HttpContext context, string key);
