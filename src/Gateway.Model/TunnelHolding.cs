namespace Gateway.Model;

/// <summary>Which sessions of one tunnel a node holds.</summary>
/// <param name="Node">The node's identity.</param>
/// <param name="Fence">Grows with each start of a node: of two words about the same tunnel and node, the one with the higher number holds.</param>
/// <param name="Sessions">At least one.</param>
public sealed record TunnelHolding(string Node, long Fence, IReadOnlyList<HeldSession> Sessions);

/// <summary>One connected tunnel client.</summary>
/// <param name="Id">Its number in the node's log.</param>
/// <param name="Client">Address and port that it came from.</param>
/// <param name="Name">What it calls itself; empty: nothing.</param>
/// <param name="Protocol">How it is spoken to, for people.</param>
/// <param name="Since">When it came.</param>
public sealed record HeldSession(long Id, string Client, string Name, string Protocol, DateTimeOffset Since);
