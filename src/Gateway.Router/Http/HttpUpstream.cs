using System.Net;
using System.Runtime.CompilerServices;
using Gateway.Model.Routes;
using Gateway.Router.Routing;
using Gateway.Router.Tunnelling;
using Gateway.Transport.Handshakes;
using Gateway.Transport.ProxyProtocol;
using Microsoft.AspNetCore.Http;

namespace Gateway.Router.Http;

/// <summary>
/// What one HTTP request is forwarded to: a version of a route, and the address or the tunnel session chosen for it. Kept connections
/// are pooled under <see cref="Prefix"/>, which is different for every version, address and session: so a kept connection of one host never
/// serves another host, nor a target that was replaced, nor stands for an address whose turn it is not, nor for a tunnel that is no longer there. Where a PROXY header opens the
/// connection, or the tunnel's client hands the visitor's address on, it is different for every visitor's connection too, since the header speaks for one visitor.
/// </summary>
internal sealed class HttpUpstream
{
    /// <summary>Under which a request carries its upstream to the place where the connection is opened.</summary>
    public static readonly HttpRequestOptionsKey<HttpUpstream> Key = new("gateway.upstream");

    // One for each address of a version of a route, for no visitor in particular; they go with the version.
    private static readonly ConditionalWeakTable<LiveRoute, HttpUpstream[]> Shared = [];

    private readonly ProxyHeader _visitor;
    private readonly bool _isApart;
    private readonly string _id;

    private HttpUpstream(LiveRoute route, TunnelSession? session, int place, ConnectionInfo? visitor, bool isApart)
    {
        (Route, Session, Place, _isApart, _id) = (route, session, place, isApart, visitor?.Id ?? "");
        if (visitor is not null && isApart) _visitor = new ProxyHeader(EndPointOf(visitor.RemoteIpAddress, visitor.RemotePort), EndPointOf(visitor.LocalIpAddress, visitor.LocalPort));
        var apart = isApart ? $".c{_id}" : "";
        Prefix = $"http://r{route.Id}.s{session?.Id ?? 0}.a{place}{apart}.invalid/";
        Label = session?.Label ?? route.Route.Target.Match(dial => $"{dial.AddressAt(place)}:{dial.HttpPort}", _ => "tunnel");
    }

    /// <summary>The upstream of a request that came over this connection: a session, or else the address at this place of the route.</summary>
    public static HttpUpstream Of(LiveRoute route, TunnelSession? session, int place, ConnectionInfo visitor)
    {
        var isApart = route.Route.Rules.ProxyProtocol != 0 || session?.Features.HasFlag(TunnelFeatures.HandsOnAddresses) == true;
        return session is null && !isApart ? Shared.GetValue(route, AllOf)[place] : new HttpUpstream(route, session, place, visitor, isApart);
    }

    /// <summary>The route as it was when the request came.</summary>
    public LiveRoute Route { get; }

    /// <summary>The tunnel session; null when the route dials an address.</summary>
    public TunnelSession? Session { get; }

    /// <summary>The place of the address that is dialled (<see cref="Target.Dial.AddressAt"/>); 0 with a session.</summary>
    public int Place { get; }

    /// <summary>The authority under which connections are pooled. It is never resolved and never seen by the upstream.</summary>
    public string Prefix { get; }

    /// <summary>How log lines name it.</summary>
    public string Label { get; }

    /// <summary>
    /// What opens a new connection: the visitor's address where the route asks for that, and before it a header for the tunnel's client
    /// where it expects one; that names the visitor only when the connection is his alone. The id is that of the visitor who opened it.
    /// </summary>
    public ReadOnlyMemory<byte> Opening(bool announces)
    {
        byte[] announced = announces ? new VisitorHeader(_isApart ? _visitor : default, "", IsTls: false, _id).Write() : [];
        return (byte[])[.. announced, .. _visitor.Write((ProxyVersion)Route.Route.Rules.ProxyProtocol, id: _id)];
    }

    private static HttpUpstream[] AllOf(LiveRoute route) =>
        [.. Enumerable.Range(0, route.Route.Target.Match(dial => 1 + dial.More.Count, _ => 1)).Select(place => new HttpUpstream(route, null, place, null, isApart: false))];

    private static IPEndPoint? EndPointOf(IPAddress? address, int port) => address is null ? null : new IPEndPoint(address, port);
}
