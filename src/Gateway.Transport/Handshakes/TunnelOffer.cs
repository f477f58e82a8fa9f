using Gateway.Model;
using Gateway.Transport.Yamux;

namespace Gateway.Transport.Handshakes;

/// <summary>The handshake that a tunnel client has sent.</summary>
/// <param name="Secret">What it proves.</param>
/// <param name="Hello">What else it said; null from a client of the old protocol.</param>
/// <param name="InsistsOnUnknown">True when it must be refused, for it insists on something that is not known here.</param>
/// <param name="Control">The stream that waits for the answer, owned by whoever has the offer; null from a client of the old protocol.</param>
public sealed record TunnelOffer(Secret Secret, TunnelHello? Hello, bool InsistsOnUnknown, YamuxStream? Control);
