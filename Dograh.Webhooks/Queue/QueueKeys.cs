using System.Globalization;
using Dograh.Webhooks.Deliveries;
using StackExchange.Redis;

namespace Dograh.Webhooks.Queue;

/// <summary>Every name that the system uses in Redis.</summary>
public static class QueueKeys
{
    /// <summary>The channel on which schedulers tell sleeping workers that something is new.</summary>
    public static readonly RedisChannel Wake = RedisChannel.Literal("dograh:deliveries:wake");

    /// <summary>The sorted set of a shard: member <see cref="Member"/>, score the due time in Unix milliseconds.</summary>
    /// <remarks>The braces are a hash tag: a shard is one slot of a Redis Cluster.</remarks>
    public static RedisKey Deliveries(int shard) => $"dograh:{{deliveries:{shard.ToString(CultureInfo.InvariantCulture)}}}";

    /// <summary>The shard of an organization.</summary>
    public static int ShardOf(long organizationId, int shards) => (int)((ulong)organizationId % (ulong)shards);

    /// <summary>The member that stands for a delivery: <c>&lt;organization&gt;:&lt;id&gt;</c>.</summary>
    public static RedisValue Member(DeliveryKey key) => string.Create(CultureInfo.InvariantCulture, $"{key.OrganizationId}:{key.Id}");

    /// <summary>Reads a member back.</summary>
    /// <returns>False for anything that is not a delivery's: it is somebody else's, or garbage, and is to be ignored.</returns>
    public static bool TryParseMember(RedisValue member, out DeliveryKey key)
    {
        key = default;
        // Two numbers of up to 19 digits and the colon; of what is longer there is none of ours.
        Span<byte> text = stackalloc byte[40];
        var length = member.GetByteCount();
        if (length > text.Length) return false;
        text = text[..member.CopyTo(text)];
        var colon = text.IndexOf((byte)':');
        if (colon <= 0
            || !long.TryParse(text[..colon], NumberStyles.None, CultureInfo.InvariantCulture, out var organizationId)
            || !long.TryParse(text[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var id))
        {
            return false;
        }

        key = new DeliveryKey(organizationId, id);
        return true;
    }
}
