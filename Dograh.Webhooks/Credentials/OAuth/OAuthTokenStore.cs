using Dograh.Webhooks.Data.Sql;
using Dograh.Webhooks.Deliveries;
using Npgsql;
using NpgsqlTypes;

namespace Dograh.Webhooks.Credentials.OAuth;

/// <summary>The tokens in PostgreSQL, shared by all workers. Each call is one statement: nothing is held while an endpoint is asked.</summary>
public sealed class OAuthTokenStore(NpgsqlDataSource dataSource)
{
    /// <summary>Takes the right to fetch a token.</summary>
    /// <param name="version">Of which credential.</param>
    /// <param name="lease">What the outcome will be written with.</param>
    /// <param name="duration">After which others may take it over.</param>
    /// <param name="cancellationToken">Does not take it.</param>
    /// <returns>How often in a row the endpoint has given no answer; null if it is not ours to fetch one.</returns>
    internal async Task<int?> TryLeaseAsync(CredentialVersion version, Guid lease, TimeSpan duration, CancellationToken cancellationToken)
    {
        await using var command = Command(LeaseOAuthToken.Sql, version, new() { Value = version.HashBytes }, new() { Value = lease }, new() { Value = duration.TotalSeconds });
        return await command.ExecuteScalarAsync(cancellationToken) is int failures ? failures : null;
    }

    /// <summary>How it stands with the token of a version; null if nothing is known of it.</summary>
    internal async Task<State?> ReadAsync(CredentialVersion version, CancellationToken cancellationToken)
    {
        await using var command = Command(ReadOAuthToken.Sql, version, new NpgsqlParameter { Value = version.HashBytes });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken)) return null;
        return new State(
            reader.IsDBNull(0) ? null : reader.GetFieldValue<byte[]>(0), reader.IsDBNull(1) ? default : reader.GetFieldValue<DateTimeOffset>(1),
            TimeSpan.FromSeconds(reader.IsDBNull(2) ? 0 : reader.GetDouble(2)), reader.IsDBNull(3) ? null : reader.GetString(3), reader.GetBoolean(4), reader.GetBoolean(5));
    }

    /// <summary>Stores a token.</summary>
    /// <returns>When it was, by the database's clock; null if the lease is no longer ours or the credential no longer this.</returns>
    internal async Task<DateTimeOffset?> StoreAsync(
        CredentialVersion version, Guid lease, byte[] encryptedToken, TimeSpan usableFor, TimeSpan pause, CancellationToken cancellationToken)
    {
        await using var command = Command(
            StoreOAuthToken.Sql, version, new() { Value = lease }, new() { Value = encryptedToken }, new() { Value = usableFor.TotalSeconds }, new() { Value = pause.TotalSeconds });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? reader.GetFieldValue<DateTimeOffset>(0) : null;
    }

    /// <summary>Gives the lease back without a token.</summary>
    internal async Task FailAsync(CredentialVersion version, Guid lease, TimeSpan pause, string error, bool isRefused, CancellationToken cancellationToken)
    {
        await using var command = Command(
            FailOAuthToken.Sql, version, new() { Value = lease }, new() { Value = pause.TotalSeconds }, new() { Value = error }, new() { Value = isRefused });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Takes a token away, if it still is the one that is used.</summary>
    internal async Task DropAsync(CredentialVersion version, byte[] encryptedToken, CancellationToken cancellationToken)
    {
        await using var command = Command(DropOAuthToken.Sql, version, new NpgsqlParameter { Value = encryptedToken });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>When the attempt before this one was answered 401, by the database's clock; null if it was answered otherwise, or is the first.</summary>
    internal async Task<DateTimeOffset?> FindRefusedAsync(ClaimedDelivery delivery, CancellationToken cancellationToken)
    {
        if (delivery.AttemptCount == 0) return null;
        await using var command = dataSource.CreateCommand(FindRefusedAttempt.Sql);
        command.Parameters.Add(new() { Value = delivery.Key.OrganizationId });
        command.Parameters.Add(new() { Value = delivery.Key.Id });
        command.Parameters.Add(new() { Value = delivery.AttemptCount });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? reader.GetFieldValue<DateTimeOffset>(0) : null;
    }

    private NpgsqlCommand Command(string sql, CredentialVersion version, params ReadOnlySpan<NpgsqlParameter> others)
    {
        var command = dataSource.CreateCommand(sql);
        command.Parameters.Add(new() { Value = version.OrganizationId, NpgsqlDbType = NpgsqlDbType.Bigint });
        command.Parameters.Add(new() { Value = version.Uuid, NpgsqlDbType = NpgsqlDbType.Uuid });
        foreach (var parameter in others) command.Parameters.Add(parameter);
        return command;
    }

    /// <summary>How it stands with a token.</summary>
    /// <param name="EncryptedToken">A usable one; null if there is none.</param>
    /// <param name="FetchedAt">When it was fetched.</param>
    /// <param name="RetryIn">For how long the endpoint is to be left alone; not positive if it is not.</param>
    /// <param name="Error">Why the last try gave none.</param>
    /// <param name="IsRefused">Whether that was a refusal.</param>
    /// <param name="IsLeased">Whether somebody is fetching one.</param>
    internal sealed record State(byte[]? EncryptedToken, DateTimeOffset FetchedAt, TimeSpan RetryIn, string? Error, bool IsRefused, bool IsLeased);
}
