// The whole system as it runs. Its names are a contract: Api and Worker read connection strings and settings by them.

var builder = DistributedApplication.CreateBuilder(args);

var adminKey = builder.AddParameter("adminkey", secret: true);
var masterKey = builder.AddParameter("masterkey", secret: true);

IResourceBuilder<IResourceWithConnectionString> database;
IResourceBuilder<IResourceWithConnectionString> redis;

if (builder.ExecutionContext.IsRunMode)
{
    database = builder.AddPostgres("postgres").WithDataVolume("dograh-postgres").AddDatabase("dograhdb");
    redis = builder.AddRedis("redis").WithDataVolume("dograh-redis").WithPersistence();
}
else
{
    // Volumes become SMB shares in Container Apps, and PostgreSQL cannot run on one: what must not be lost lives in
    // managed services, whose connection strings azd asks for.
    database = builder.AddConnectionString("dograhdb");
    redis = builder.AddConnectionString("redis");
}

// Checked over plain HTTP: with an untrusted development certificate an https probe would never succeed, and worker would wait for ever.
var api = builder.AddProject<Projects.Dograh_Api>("api")
    .WithExternalHttpEndpoints()
    .WithHttpHealthCheck("/health", endpointName: "http")
    .WithReference(database)
    .WithReference(redis)
    .WaitFor(database)
    .WaitFor(redis)
    .WithEnvironment("DATABASE_MIGRATE_ON_STARTUP", "true")
    .WithEnvironment("ADMIN_API_KEY", adminKey)
    .WithEnvironment("SECRETS_MASTER_KEY", masterKey);

// Waiting for the API is waiting for the migrations: it is healthy only after them.
var worker = builder.AddProject<Projects.Dograh_Worker>("worker")
    .WithReplicas(2)
    .WithReference(database)
    .WithReference(redis)
    .WaitFor(database)
    .WaitFor(redis)
    .WaitFor(api)
    .WithEnvironment("SECRETS_MASTER_KEY", masterKey);

if (builder.ExecutionContext.IsRunMode)
{
    // A developer's receiver listens on loopback. Never published: in the cloud only public addresses may be called.
    const string loopback = "127.0.0.0/8,::1/128";
    api.WithEnvironment("EGRESS_ALLOWED_NETWORKS", loopback);
    worker.WithEnvironment("EGRESS_ALLOWED_NETWORKS", loopback);
    // Receivers of our own, for whoever has none yet. They take requests without a key, so they are never published either.
    api.WithEnvironment("BINS_ENABLED", "true");
}

builder.Build().Run();
