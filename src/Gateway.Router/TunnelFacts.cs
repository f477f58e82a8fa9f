namespace Gateway.Router;

/// <summary>One connected tunnel client, as the operator may see it: nothing here tells a secret.</summary>
/// <param name="Tunnel">Stands for the secret, as in Redis.</param>
/// <param name="Session">Its number in the log.</param>
/// <param name="Client">Address and port that it came from.</param>
/// <param name="Name">What it calls itself.</param>
/// <param name="Protocol">How it is spoken to.</param>
/// <param name="Visitors">How many are in it now.</param>
/// <param name="Ready">Direct connections that wait for visitors.</param>
/// <param name="RoundTrip">Measured; zero while unknown.</param>
/// <param name="Since">When it came.</param>
public sealed record TunnelFacts(string Tunnel, long Session, string Client, string Name, string Protocol, int Visitors, int Ready, TimeSpan RoundTrip, DateTimeOffset Since);
