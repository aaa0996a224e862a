using System.Data.Common;
using Dograh.Webhooks.Data.Sql;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Dograh.Webhooks.Data;

/// <summary>Connections that are one organization's: the second wall behind the WHERE of every query.</summary>
/// <remarks>
/// They come from a pool of their own and are never used as the owner's. Whoever opens one says whose it is, and that is set on the connection before anything
/// else is asked: as <see cref="TenantWall.Role"/>, with the organization that the policies compare each row's with. Without the organization there are no rows.
/// </remarks>
public sealed class TenantDatabase : IAsyncDisposable
{
    private readonly DbContextOptions<TenantDbContext> _options;

    /// <summary>Prepares the pool.</summary>
    /// <param name="connectionString">PostgreSQL's connection string.</param>
    /// <param name="services">Where EF Core and Npgsql find what they log to; null for nowhere.</param>
    /// <param name="interceptors">What else watches over the contexts' commands.</param>
    public TenantDatabase(string connectionString, IServiceProvider? services = null, params IReadOnlyList<IInterceptor> interceptors)
    {
        DataSource = DatabaseServices.BuildDataSource(connectionString, services?.GetService<ILoggerFactory>());
        var options = new DbContextOptionsBuilder<TenantDbContext>();
        DatabaseServices.Configure(options, DataSource);
        if (services is not null) options.UseApplicationServiceProvider(services);
        _options = options.AddInterceptors([new Entrance(), .. interceptors]).Options;
    }

    /// <summary>The pool, for what is no organization's: types and health.</summary>
    public NpgsqlDataSource DataSource { get; }

    /// <summary>A context, the caller's to dispose.</summary>
    public TenantDbContext CreateContext(long organizationId) => new(_options, organizationId);

    /// <summary>An open connection, the caller's to dispose.</summary>
    public async Task<NpgsqlConnection> OpenAsync(long organizationId, CancellationToken cancellationToken)
    {
        var connection = DataSource.CreateConnection();
        try
        {
            await OpenAsync(connection, organizationId, cancellationToken);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync() => DataSource.DisposeAsync();

    // A connection from the pool may have died there, with the server that it was to; then the next one is a new one.
    private static async Task OpenAsync(NpgsqlConnection connection, long organizationId, CancellationToken cancellationToken)
    {
        for (var isFirst = true; ; isFirst = false)
        {
            await connection.OpenAsync(cancellationToken);
            try
            {
                await EnterTenant.ExecuteAsync(connection, organizationId, cancellationToken);
                return;
            }
            catch (Exception e) when (isFirst && DatabaseFailure.IsUnreachable(e) && !cancellationToken.IsCancellationRequested)
            {
                await connection.CloseAsync();
            }
            catch
            {
                // Nothing is asked of one that is still somebody else's.
                await connection.CloseAsync();
                throw;
            }
        }
    }

    // In the place of EF Core's own opening, each time.
    private sealed class Entrance : DbConnectionInterceptor
    {
        public override async ValueTask<InterceptionResult> ConnectionOpeningAsync(
            DbConnection connection, ConnectionEventData eventData, InterceptionResult result, CancellationToken cancellationToken = default)
        {
            var context = (TenantDbContext?)eventData.Context ?? throw new InvalidOperationException("The connection is nobody's.");
            await OpenAsync((NpgsqlConnection)connection, context.OrganizationId, cancellationToken);
            return InterceptionResult.Suppress();
        }

        public override InterceptionResult ConnectionOpening(DbConnection connection, ConnectionEventData eventData, InterceptionResult result) =>
            throw new NotSupportedException("An organization's requests ask asynchronously.");
    }
}
