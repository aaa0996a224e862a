using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Npgsql;

namespace Dograh.Webhooks.Credentials;

/// <summary>Data Protection's key ring in PostgreSQL, in the table that its store for EF Core has.</summary>
/// <remarks>In place of that store: for a worker to read a handful of rows, EF Core would build its model and compile itself, some megabytes of a small process.</remarks>
internal sealed class KeyRingStore(NpgsqlDataSource dataSource) : IXmlRepository
{
    private const string ReadSql = "SELECT xml FROM data_protection_keys WHERE xml <> '' ORDER BY id";

    private const string InsertSql = "INSERT INTO data_protection_keys (friendly_name, xml) VALUES ($1, $2)";

    /// <inheritdoc />
    public IReadOnlyCollection<XElement> GetAllElements()
    {
        using var command = dataSource.CreateCommand(ReadSql);
        using var reader = command.ExecuteReader();
        var elements = new List<XElement>();
        while (reader.Read()) elements.Add(XElement.Parse(reader.GetString(0)));
        return elements;
    }

    /// <inheritdoc />
    public void StoreElement(XElement element, string friendlyName)
    {
        using var command = dataSource.CreateCommand(InsertSql);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = friendlyName });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = element.ToString(SaveOptions.DisableFormatting) });
        command.ExecuteNonQuery();
    }
}
