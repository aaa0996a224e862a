using Dograh.Webhooks.Configuration;
using Dograh.Worker;

var builder = Host.CreateApplicationBuilder(args);
builder.Configuration.AddFlatEnvironmentNames();
builder.AddServiceDefaults();
builder.AddDograhWorker();
return await builder.Build().RunOrExplainAsync();
