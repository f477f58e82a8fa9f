using Gateway.Model;
using Microsoft.Extensions.Logging;

namespace Gateway.Explorer;

/// <summary>What the explorer tells the operator: one log line for each decision.</summary>
internal sealed partial class ExplorerEvents(ILogger<ExplorerServer> log)
{
    private const int MaxPeerText = 200;

    /// <summary>A gateway reported; its message is a peer's text, so it is cut and made one line.</summary>
    public void ResultReported(string globalId, string nodeId, string state, string message) =>
        Reported(globalId, nodeId, state, PeerText.OneLine(message, MaxPeerText));

    [LoggerMessage(6001, LogLevel.Information, "The reservation API listens on {Endpoint}")]
    public partial void Listening(System.Net.IPEndPoint endpoint);

    [LoggerMessage(6002, LogLevel.Debug, "{Method} {Route} of {Client} answered {Status} in {Milliseconds:0.0} ms")]
    public partial void Answered(string method, string route, System.Net.IPAddress? client, int status, double milliseconds);

    [LoggerMessage(6010, LogLevel.Information, "User {Id} registered as {Name}")]
    public partial void UserCreated(long id, string name);

    [LoggerMessage(6011, LogLevel.Information, "Gateway {Id} registered as {NodeId}")]
    public partial void GatewayRegistered(long id, string nodeId);

    [LoggerMessage(6012, LogLevel.Information, "Pool {Id} made for user {User}")]
    public partial void PoolCreated(long id, long user);

    [LoggerMessage(6013, LogLevel.Information, "Workload {Id} ({Kind}) of user {User} stored for gateway {NodeId}")]
    public partial void WorkloadCreated(long id, string kind, long user, string nodeId);

    [LoggerMessage(6014, LogLevel.Information, "User {User} agreed to {Word} workload {Id}; its next action is {NextAction}")]
    public partial void WorkloadSigned(long id, long user, string word, string nextAction);

    [LoggerMessage(6015, LogLevel.Information, "Gateway {NodeId} reported {State} for workload {GlobalId}: {Message}")]
    private partial void Reported(string globalId, string nodeId, string state, string message);

    [LoggerMessage(6016, LogLevel.Information, "Gateway {NodeId} reported workload {GlobalId} as gone")]
    public partial void WorkloadGone(string globalId, string nodeId);

    [LoggerMessage(6017, LogLevel.Information, "Gateway {NodeId} has the managed domain {Domain}, as its DNS says; gateway {Loser} was listed with it before")]
    public partial void DomainMoved(string nodeId, string domain, string loser);

    [LoggerMessage(6018, LogLevel.Information, "Gateway {NodeId} announced the managed domain {Domain} of gateway {Holder}, and its DNS does not name it: refused")]
    public partial void DomainRefused(string nodeId, string domain, string holder);

    [LoggerMessage(6020, LogLevel.Warning, "{Method} {Route} cannot be answered, Redis is away: {Fault}")]
    public partial void RedisAway(string method, string route, string fault);

    [LoggerMessage(6021, LogLevel.Warning, "{Method} {Route} took longer than its deadline")]
    public partial void Late(string method, string route);

    [LoggerMessage(6022, LogLevel.Error, "The {What} in Redis cannot be read: {Fault}; it is left as it is")]
    public partial void StoredValueDamaged(string what, string fault);

    [LoggerMessage(6023, LogLevel.Error, "{Method} {Route} failed; this is a bug")]
    public partial void Failed(Exception exception, string method, string route);
}
