using Dograh.Webhooks.Deliveries;
using Npgsql;
using NpgsqlTypes;

namespace Dograh.Webhooks.Data.Sql;

/// <summary>Passing keys, and columns beside them, to a statement as parallel arrays for <c>unnest</c>.</summary>
/// <remarks>Every batch is sorted by key first, so that two workers lock the rows they share in the same order.</remarks>
internal static class DeliveryKeys
{
    /// <summary>Adds the two arrays of a key, as the next two positional parameters.</summary>
    public static void AddKeys(this NpgsqlParameterCollection parameters, IReadOnlyList<DeliveryKey> keys)
    {
        parameters.AddArray(NpgsqlDbType.Bigint, keys, key => key.OrganizationId);
        parameters.AddArray(NpgsqlDbType.Bigint, keys, key => key.Id);
    }

    /// <summary>Adds one column of a batch as the next positional parameter.</summary>
    public static void AddArray<TRow, TValue>(
        this NpgsqlParameterCollection parameters, NpgsqlDbType elementType, IReadOnlyList<TRow> rows, Func<TRow, TValue> column)
    {
        var values = new TValue[rows.Count];
        for (var i = 0; i < values.Length; i++) values[i] = column(rows[i]);
        parameters.Add(new NpgsqlParameter<TValue[]> { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | elementType });
    }

    /// <summary>Adds a column of delivery states as the next positional parameter.</summary>
    public static void AddStatuses<TRow>(this NpgsqlParameterCollection parameters, IReadOnlyList<TRow> rows, Func<TRow, DeliveryStatus> column)
    {
        var values = new DeliveryStatus[rows.Count];
        for (var i = 0; i < values.Length; i++) values[i] = column(rows[i]);
        parameters.Add(new NpgsqlParameter<DeliveryStatus[]> { TypedValue = values, DataTypeName = $"{DograhDbContext.DeliveryStatusType}[]" });
    }
}
