using System.Net;
using Dograh.Tests.Support;
using Dograh.Webhooks.Credentials;
using Dograh.Webhooks.Credentials.OAuth;
using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Sending;
using Dograh.Webhooks.Signing;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace Dograh.Tests.Sending;

/// <summary>What the sender's tests share: a receiver on a real socket, and a clock that stands still until the test moves it.</summary>
public abstract class SenderTest(TestServers servers) : DatabaseTest(servers)
{
    private readonly List<DeliverySender> _senders = [];
    private DatabaseClock _clock = null!;

    /// <summary>The sender's clock: deadlines, breaks and holds end only as the test advances it.</summary>
    protected FakeTimeProvider Time { get; } = new();

    internal Receiver Receiver { get; private set; } = null!;

    /// <summary>The database's time, as the sender has it.</summary>
    protected DateTimeOffset Now => _clock.Now;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        _clock = new DatabaseClock(Database.Store, Time);
        await _clock.SynchronizeAsync(Token);
        Receiver = await Receiver.StartAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await Receiver.DisposeAsync();
        foreach (var sender in _senders) sender.Dispose();
        await base.DisposeAsync();
    }

    /// <summary>A sender that may send to loopback unless told otherwise, and whose every draw is zero.</summary>
    protected DeliverySender NewSender(
        WebhookDeliveryOptions? options = null, EgressOptions? egress = null, Func<string, CancellationToken, Task<IPAddress[]>>? resolver = null)
    {
        var guard = new EgressGuard(Options.Create(egress ?? new EgressOptions { AllowedNetworks = "127.0.0.0/8, ::1" }))
        {
            Resolver = resolver ?? Dns.GetHostAddressesAsync,
        };
        var origins = new ReceiverOrigins(Options.Create(options ?? new WebhookDeliveryOptions()), Time, NullLogger<ReceiverOrigin>.Instance);
        // What is sealed here is opened here: no ring has to be read.
        var protector = new OAuthTokenProtector(new EphemeralDataProtectionProvider(), new KeyRing(() => null!, Time));
        var tokens = new OAuthTokens(
            new OAuthTokenStore(Database.DataSource), protector, new TokenEndpoint(guard, Time), Options.Create(options ?? new WebhookDeliveryOptions()), Time, NullLogger<OAuthTokens>.Instance);
        var sender = new DeliverySender(guard, origins, _clock, tokens, (_, _) => Task.FromResult(true), Time, random: () => 0);
        _senders.Add(sender);
        return sender;
    }

    /// <summary>Sends one delivery with a new sender.</summary>
    protected Task<AttemptResult> SendAsync(ClaimedDelivery delivery) => NewSender().SendAsync(delivery, credential: null, Token).Soon();

    /// <summary>Sends one delivery that must make a request.</summary>
    protected async Task<AttemptResult.Attempted> AttemptAsync(ClaimedDelivery delivery) =>
        Assert.IsType<AttemptResult.Attempted>(await SendAsync(delivery));
}

/// <summary>Sending for tests that are not about signatures.</summary>
internal static class SigningAsAnyone
{
    /// <summary>What everything is signed with.</summary>
    public static SigningKeys Keys { get; } = new([SigningKey.Open(SigningAlgorithm.V1, SigningSecretText.CreateSecret())]);

    /// <summary>Makes the attempt.</summary>
    public static Task<AttemptResult> SendAsync(
        this DeliverySender sender, ClaimedDelivery delivery, ResolvedCredential? credential, CancellationToken cancellationToken) =>
        sender.SendAsync(delivery, new DeliverySecrets(credential, Keys), cancellationToken);
}
