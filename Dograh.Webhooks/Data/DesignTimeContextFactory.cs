using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;

namespace Dograh.Webhooks.Data;

/// <summary>Lets <c>dotnet ef migrations add</c> build the model; it never connects.</summary>
internal sealed class DesignTimeContextFactory : IDesignTimeDbContextFactory<DograhDbContext>
{
    public DograhDbContext CreateDbContext(string[] args)
    {
        var options = new DbContextOptionsBuilder<DograhDbContext>();
        DatabaseServices.Configure(options, DatabaseServices.BuildDataSource("Host=localhost"));
        return new DograhDbContext(options.Options);
    }
}
