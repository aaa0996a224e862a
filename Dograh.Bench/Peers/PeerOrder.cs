using System.Text.Json;
using System.Text.Json.Serialization;
using Npgsql;

namespace Dograh.Bench.Peers;

/// <summary>What a peer's producer and worker are told first, as a line of JSON; the scripts in <c>node/</c> read it too.</summary>
/// <remarks>
/// After it both say <c>ready</c>. The worker is told <c>expect N</c> and says <c>done</c> once so many more are recorded as finished; the
/// producer is told <c>send N</c> (or <c>pace N R</c>: R a second) and says <c>sent</c>. Connection strings are not for command lines.
/// </remarks>
internal sealed record PeerOrder
{
    /// <summary>Where each payload is posted to.</summary>
    [JsonPropertyName("url")]
    public required string Url { get; init; }

    /// <summary>The payload; <c>@SENT_AT@</c> in it becomes the timestamp at which it was due to be sent.</summary>
    [JsonPropertyName("payload")]
    public required string Payload { get; init; }

    /// <summary>How many are added at once; 1 for one by one.</summary>
    [JsonPropertyName("bulk")]
    public required int Bulk { get; init; }

    /// <summary>Additions under way at a time.</summary>
    [JsonPropertyName("in_flight")]
    public required int InFlight { get; init; }

    /// <summary>Deliveries that the worker has under way at a time.</summary>
    [JsonPropertyName("concurrency")]
    public required int Concurrency { get; init; }

    /// <summary>Redis's port on 127.0.0.1, for those who use it.</summary>
    [JsonPropertyName("redis_port")]
    public int RedisPort { get; init; }

    /// <summary>How Npgsql reaches PostgreSQL.</summary>
    [JsonPropertyName("connection_string")]
    public string? ConnectionString { get; init; }

    /// <summary>The same for node's driver.</summary>
    [JsonPropertyName("postgres")]
    public NodePostgres? Postgres => ConnectionString is null ? null : NodePostgres.Of(new NpgsqlConnectionStringBuilder(ConnectionString));

    public static PeerOrder Parse(string? line) => JsonSerializer.Deserialize<PeerOrder>(line ?? "") ?? throw new JsonException("The order is null.");
}

/// <summary>How node's driver reaches PostgreSQL.</summary>
internal sealed record NodePostgres(
    [property: JsonPropertyName("host")] string? Host,
    [property: JsonPropertyName("port")] int Port,
    [property: JsonPropertyName("user")] string? User,
    [property: JsonPropertyName("password")] string? Password,
    [property: JsonPropertyName("database")] string? Database)
{
    public static NodePostgres Of(NpgsqlConnectionStringBuilder builder) => new(builder.Host, builder.Port, builder.Username, builder.Password, builder.Database);
}
