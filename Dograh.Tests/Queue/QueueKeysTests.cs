using CsCheck;
using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Queue;

namespace Dograh.Tests.Queue;

public sealed class QueueKeysTests
{
    [Fact]
    public void Names_are_those_of_the_design()
    {
        Assert.Equal("dograh:deliveries:wake", (string?)QueueKeys.Wake);
        Assert.Equal("dograh:{deliveries:3}", (string?)QueueKeys.Deliveries(3));
        Assert.Equal("7:42", (string?)QueueKeys.Member(new DeliveryKey(7, 42)));
    }

    [Fact]
    public void A_member_reads_back_as_the_key_that_it_was_made_from() =>
        Gen.Select(Gen.Long[0, long.MaxValue], Gen.Long[0, long.MaxValue]).Sample((organizationId, id) =>
        {
            var key = new DeliveryKey(organizationId, id);
            return QueueKeys.TryParseMember(QueueKeys.Member(key), out var parsed) && parsed == key;
        });

    [Fact]
    public void An_organization_is_always_in_the_same_shard_and_in_one_that_exists() =>
        Gen.Select(Gen.Long[1, long.MaxValue], Gen.Int[1, 1024]).Sample((organizationId, shards) =>
            QueueKeys.ShardOf(organizationId, shards) is var shard && shard >= 0 && shard < shards && shard == QueueKeys.ShardOf(organizationId, shards));
}
