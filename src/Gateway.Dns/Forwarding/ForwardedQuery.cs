namespace Gateway.Dns.Forwarding;

/// <summary>Takes the response to a forwarded query. Never waits.</summary>
internal delegate void ForwardedReply(ReadOnlySpan<byte> response);

/// <summary>A query that was handed over.</summary>
/// <param name="Message">As the client sent it.</param>
/// <param name="Client">The client's address, 4 or 16 octets.</param>
/// <param name="OverTcp">How the client asked; the upstream is asked in the same way.</param>
/// <param name="Since">A time stamp of when it came.</param>
/// <param name="Reply">Where the response goes.</param>
internal sealed record ForwardedQuery(byte[] Message, byte[] Client, bool OverTcp, long Since, ForwardedReply Reply);
