using System.Globalization;

namespace Gateway.Model;

/// <summary>
/// The reservation API's own data. Few keys whatever the number of users, for others walk the key space: hashes from id to the
/// object's JSON as <see cref="ExplorerApi.ExplorerJson"/> writes it and the API shows it, and sorted sets as indexes. Only the explorer writes them; a reconciler watches the doorbell.
/// </summary>
public static partial class RedisSchema
{
    /// <summary>Hash: user id → user JSON. Ids run from 1 without a gap.</summary>
    public const string ExplorerUsersKey = "gateway:explorer:users";

    /// <summary>Hash: user name → user id.</summary>
    public const string ExplorerUserNamesKey = "gateway:explorer:users:names";

    /// <summary>Hash: e-mail address → user id.</summary>
    public const string ExplorerUserEmailsKey = "gateway:explorer:users:emails";

    /// <summary>Counter of user ids.</summary>
    public const string ExplorerUserCounterKey = "gateway:explorer:users:last";

    /// <summary>Hash: gateway identity → gateway JSON.</summary>
    public const string ExplorerGatewaysKey = "gateway:explorer:gateways";

    /// <summary>Counter of gateway ids.</summary>
    public const string ExplorerGatewayCounterKey = "gateway:explorer:gateways:last";

    /// <summary>Hash: pool id → pool JSON (without the ids of its workloads).</summary>
    public const string ExplorerPoolsKey = "gateway:explorer:pools";

    /// <summary>Counter of pool ids.</summary>
    public const string ExplorerPoolCounterKey = "gateway:explorer:pools:last";

    /// <summary>Sorted set, all scores 0: `owner:pool` pairs, see <see cref="ExplorerPair"/>.</summary>
    public const string ExplorerPoolOwnersKey = "gateway:explorer:pools:owners";

    /// <summary>Sorted set, all scores 0: `pool:workload` pairs of the workloads that stand on a pool.</summary>
    public const string ExplorerPoolWorkloadsKey = "gateway:explorer:pools:workloads";

    /// <summary>Hash: workload id → workload JSON. Ids run from 1 without a gap.</summary>
    public const string ExplorerWorkloadsKey = "gateway:explorer:workloads";

    /// <summary>Counter of workload ids.</summary>
    public const string ExplorerWorkloadCounterKey = "gateway:explorer:workloads:last";

    /// <summary>Sorted set, all scores 0: `customer:workload` pairs, deleted ones included.</summary>
    public const string ExplorerCustomersKey = "gateway:explorer:workloads:customers";

    /// <summary>Sorted set, all scores 0: `customer:workload` pairs of those that are not gone.</summary>
    public const string ExplorerLiveKey = "gateway:explorer:workloads:live";

    /// <summary>Counter of the explorer's writes, in the same step as each: where it is lower than it was, Redis lost something.</summary>
    public const string ExplorerVersionKey = "gateway:explorer:version";

    /// <summary>Who puts the explorer's records back after a loss; it expires.</summary>
    public const string ExplorerPuttingBackKey = "gateway:explorer:putting-back";

    /// <summary>All keys of the explorer, as a pattern of SCAN.</summary>
    public const string ExplorerKeys = "gateway:explorer:*";

    private const string ExplorerRatePrefix = "gateway:explorer:rate:";

    private const string ExplorerNodePrefix = "gateway:explorer:node:";

    private const string DoorbellSuffix = ":doorbell";

    // Digits of the largest id: padded, numbers sort as texts do.
    private const int IdDigits = 19;

    /// <summary>Hash of a user: how many workloads he made in each piece of the last minute; it expires a minute after the last one.</summary>
    public static string ExplorerRateKey(long user) => ExplorerRatePrefix + user.ToString(CultureInfo.InvariantCulture);

    /// <summary>Sorted set of a gateway: the ids of its workloads to be deployed or deleted; the score is the id.</summary>
    public static string ExplorerNodeWorkloadsKey(string nodeId) => $"{ExplorerNodePrefix}{nodeId}:workloads";

    /// <summary>Sorted set of a gateway: the ids it has still to report about; the score is when they came in, in milliseconds.</summary>
    public static string ExplorerNodeQueueKey(string nodeId) => $"{ExplorerNodePrefix}{nodeId}:queue";

    /// <summary>
    /// A counter that goes up, in the same step, with every workload that is new or shall be deleted. A reconciler beside this explorer
    /// watches it, to poll at once; its value means nothing.
    /// </summary>
    public static string ExplorerDoorbellKey(string nodeId) => ExplorerNodePrefix + nodeId + DoorbellSuffix;

    /// <summary>Two ids as one member of a set whose members are sorted as texts.</summary>
    public static string ExplorerPair(long first, long second) => ExplorerPairStart(first) + ExplorerPadded(second);

    /// <summary>What all pairs of <paramref name="first"/> begin with.</summary>
    public static string ExplorerPairStart(long first) => ExplorerPadded(first) + ":";

    /// <summary>The second id of a pair.</summary>
    public static bool TryReadExplorerPair(string pair, out long second)
    {
        second = 0;
        return pair.Length == (2 * IdDigits) + 1 && long.TryParse(pair.AsSpan(IdDigits + 1), NumberStyles.None, CultureInfo.InvariantCulture, out second);
    }

    /// <summary>An id with leading zeros.</summary>
    public static string ExplorerPadded(long id) => id.ToString("D19", CultureInfo.InvariantCulture);
}
