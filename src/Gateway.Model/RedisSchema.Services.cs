using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Gateway.Model.Routes;

namespace Gateway.Model;

/// <summary>
/// Routes: a string per host, in the shape that the valkeyrie library gives it: an outer JSON object whose Value is the base64
/// of an inner one. Written byte for byte as TFGateway does; read with every tolerance of the old router.
/// </summary>
public static partial class RedisSchema
{
    /// <summary>What stands before the host in a route's key.</summary>
    public const string ServicePrefix = "/tcprouter/service/";

    private const string UpstreamsMember = "upstreams";
    private const string ProxyProtocolMember = "proxyprotocol";
    private const string HttpsRedirectMember = "httpsredirect";
    private const string IdleSecondsMember = "idleseconds";
    private const string StallSecondsMember = "stallseconds";
    private const string HealthCheckMember = "healthcheck";
    private const string HealthSecondsMember = "healthseconds";
    private const string FrozenMember = "frozen";

    /// <summary>The key of a host's route. The wildcard of the root (`*`) is the catch-all.</summary>
    public static string ServiceKey(DomainName host) => ServicePrefix + host;

    /// <summary>
    /// The host that a key is about. The slash in front may be missing, as valkeyrie's callers spell it; capitals and a trailing
    /// dot are folded. False for every other key.
    /// </summary>
    public static bool TryReadServiceKey(ReadOnlySpan<char> key, out DomainName host)
    {
        host = default;
        var rest = key.StartsWith('/') ? key[1..] : key;
        return rest.StartsWith(ServicePrefix.AsSpan(1), StringComparison.Ordinal)
            && DomainName.TryParse(rest[(ServicePrefix.Length - 1)..], out host)
            && !host.IsRoot;
    }

    /// <summary>The key and the value that make a route known to every router on this Redis.</summary>
    public static (string Key, string Value) EncodeService(Route route)
    {
        var key = ServiceKey(route.Host);
        var inner = Convert.ToBase64String(Encoding.UTF8.GetBytes(InnerJson(route)));
        return (key, string.Create(CultureInfo.InvariantCulture, stackalloc char[1024], $"{{\"Key\":{new GoText(key)},\"Value\":\"{inner}\"}}"));
    }

    /// <summary>
    /// Reads a route's value: names in any case, unknown members passed over, missing ones empty. A value that names neither an
    /// address nor a secret is refused, for there is nothing to dial. On false, <paramref name="fault"/> says why; it never
    /// holds a secret.
    /// </summary>
    public static bool TryDecodeService(DomainName host, ReadOnlySpan<byte> value, [NotNullWhen(true)] out Route? route, out string fault)
    {
        route = null;
        if (!TryUnwrap(value, out var inner, out fault)) return false;
        var members = new ServiceMembers();
        if (!TryReadMembers(inner, members, out fault)) return false;
        if (members.TargetOrNull() is not { } target) fault = "it names neither an address nor a secret";
        else route = new Route(host, target, members.User) { Rules = members.Rules };
        return route is not null;
    }

    /// <summary>
    /// Reads the same members where an operator wrote them as plain JSON (docs/routes.md). Here a member that nobody knows is a
    /// fault, for it is misspelt.
    /// </summary>
    public static bool TryReadService(DomainName host, JsonElement json, [NotNullWhen(true)] out Route? route, out string fault)
    {
        route = null;
        var members = new ServiceMembers();
        if (!TryReadObject(json, out fault, member => ServiceMembers.Knows(member) && members.TryTake(member))) return false;
        if (members.TargetOrNull() is not { } target) fault = "it names neither an address nor a secret";
        else route = new Route(host, target, members.User) { Rules = members.Rules };
        return route is not null;
    }

    private static string InnerJson(Route route) => route.Target.Match(
        dial => InnerJson(dial.Address, "", dial.TlsPort, dial.HttpPort, route.User, Later(route.Rules, dial.More)),
        tunnel => InnerJson("", tunnel.Secret.Reveal(), 0, 0, route.User, Later(route.Rules, null)));

    private static string InnerJson(string address, string secret, int tlsPort, int httpPort, string user, string later) => string.Create(
        CultureInfo.InvariantCulture,
        stackalloc char[1024],
        $"{{\"addr\":{new GoText(address)},\"clientsecret\":{new GoText(secret)},\"tlsport\":{tlsPort},\"httpport\":{httpPort},\"user\":{new GoText(user)}{later}}}");

    /// <summary>The members that TFGateway does not know; none of them when all have their defaults, so that its bytes come out.</summary>
    private static string Later(RouteRules rules, EquatableList<string>? more)
    {
        if (more is null or { Count: 0 } && rules == RouteRules.Default) return "";
        var json = new StringBuilder();
        if (more is { Count: > 0 }) json.Append($",\"{UpstreamsMember}\":[").AppendJoin(',', more.Select(GoJson.Quote)).Append(']');
        if (rules.ProxyProtocol != 0) json.Append(CultureInfo.InvariantCulture, $",\"{ProxyProtocolMember}\":{rules.ProxyProtocol}");
        if (rules.RedirectToHttps) json.Append($",\"{HttpsRedirectMember}\":true");
        if (rules.IdleSeconds != 0) json.Append(CultureInfo.InvariantCulture, $",\"{IdleSecondsMember}\":{rules.IdleSeconds}");
        if (rules.StallSeconds != 0) json.Append(CultureInfo.InvariantCulture, $",\"{StallSecondsMember}\":{rules.StallSeconds}");
        if (rules.HealthCheck.Length > 0) json.Append($",\"{HealthCheckMember}\":{GoJson.Quote(rules.HealthCheck)}");
        if (rules.HealthSeconds != RouteRules.DefaultHealthSeconds) json.Append(CultureInfo.InvariantCulture, $",\"{HealthSecondsMember}\":{rules.HealthSeconds}");
        if (rules.IsFrozen) json.Append($",\"{FrozenMember}\":true");
        return json.ToString();
    }

    private static bool TryUnwrap(ReadOnlySpan<byte> value, out byte[] inner, out string fault)
    {
        inner = [];
        var base64 = "";
        var read = TryReadObject(value, out fault, member =>
        {
            if (!member.NameIs("Value") || member.Value.ValueKind == JsonValueKind.Null) return true;
            if (member.Value.ValueKind != JsonValueKind.String) return false;
            base64 = member.Value.GetString()!;
            return true;
        });
        if (!read) return false;
        inner = new byte[base64.Length];
        if (base64.Length == 0 || !Convert.TryFromBase64String(base64, inner, out var length))
        {
            fault = "its Value is no base64";
            return false;
        }

        inner = inner[..length];
        return true;
    }

    private static bool TryReadMembers(byte[] inner, ServiceMembers members, out string fault) =>
        TryReadObject(inner, out fault, members.TryTake);

    /// <summary>Hands each member to <paramref name="take"/>, which says whether it could be read. Later ones win, as in Go.</summary>
    private static bool TryReadObject(ReadOnlySpan<byte> json, out string fault, Func<JsonProperty, bool> take)
    {
        // Octets that are no UTF-8 mean U+FFFD, as in Go.
        if (!Utf8.IsValid(json)) json = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(json));
        fault = "it is no JSON object";
        try
        {
            var reader = new Utf8JsonReader(json);
            using var document = JsonDocument.ParseValue(ref reader);
            // A second value behind the first is a failure of the reader.
            reader.Read();
            return TryReadObject(document.RootElement, out fault, take);
        }
        catch (JsonException)
        {
            return false;
        }
        catch (InvalidOperationException)
        {
            // A string with half a surrogate pair: there is no text that it could mean.
            return false;
        }
    }

    private static bool TryReadObject(JsonElement json, out string fault, Func<JsonProperty, bool> take)
    {
        fault = "it is no JSON object";
        if (json.ValueKind != JsonValueKind.Object) return false;
        foreach (var member in json.EnumerateObject())
        {
            if (take(member)) continue;
            fault = $"its member '{member.Name}' is unknown, or has a wrong type or range";
            return false;
        }

        fault = "";
        return true;
    }

    // Asked for each member of hundreds of thousands of values: a name without escapes is compared where it stands.
    private static bool NameIs(this JsonProperty member, string name)
    {
        var spelt = JsonMarshal.GetRawUtf8PropertyName(member);
        return Ascii.IsValid(spelt) && !spelt.Contains((byte)'\\') ? Ascii.EqualsIgnoreCase(spelt, name) : member.Name.Equals(name, StringComparison.OrdinalIgnoreCase);
    }
}
