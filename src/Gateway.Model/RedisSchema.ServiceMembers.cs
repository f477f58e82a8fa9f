using System.Text.Json;
using Gateway.Model.Routes;

namespace Gateway.Model;

/// <summary>The members of a route's inner JSON, gathered one by one.</summary>
public static partial class RedisSchema
{
    private sealed class ServiceMembers
    {
        private static readonly string[] Known =
        [
            "addr", "clientsecret", "tlsport", "httpport", "user", UpstreamsMember, ProxyProtocolMember, HttpsRedirectMember,
            HealthCheckMember, HealthSecondsMember, IdleSecondsMember, StallSecondsMember, FrozenMember,
        ];

        private string _address = "";
        private string _secret = "";
        private int _tlsPort;
        private int _httpPort;
        private string[] _more = [];

        public string User { get; private set; } = "";

        public RouteRules Rules { get; private set; } = RouteRules.Default;

        /// <summary>False when the member is one of ours and cannot be read; null is as good as absent, and others are passed over.</summary>
        public bool TryTake(JsonProperty member)
        {
            var (read, number, text) = (true, 0, "");
            if (member.Value.ValueKind == JsonValueKind.Null) return true;
            if (member.NameIs("addr")) read = TryText(member.Value, out _address);
            else if (member.NameIs("clientsecret")) read = TryText(member.Value, out _secret);
            else if (member.NameIs("tlsport")) read = TryNumber(member.Value, 0, ushort.MaxValue, out _tlsPort);
            else if (member.NameIs("httpport")) read = TryNumber(member.Value, 0, ushort.MaxValue, out _httpPort);
            else if (member.NameIs("user") && (read = TryText(member.Value, out text))) User = text;
            else if (member.NameIs(UpstreamsMember)) read = TryTexts(member.Value, Target.Dial.MaxMore, out _more);
            else if (member.NameIs(ProxyProtocolMember) && (read = TryNumber(member.Value, 0, 2, out number))) Rules = Rules with { ProxyProtocol = number };
            else if (member.NameIs(HttpsRedirectMember) && (read = member.Value.ValueKind is JsonValueKind.True or JsonValueKind.False)) Rules = Rules with { RedirectToHttps = member.Value.GetBoolean() };
            else if (member.NameIs(FrozenMember) && (read = member.Value.ValueKind is JsonValueKind.True or JsonValueKind.False)) Rules = Rules with { IsFrozen = member.Value.GetBoolean() };
            else if (member.NameIs(HealthCheckMember) && (read = TryText(member.Value, out text) && RouteRules.IsHealthCheck(text))) Rules = Rules with { HealthCheck = text };
            else if (member.NameIs(HealthSecondsMember) && (read = TryNumber(member.Value, 1, RouteRules.MaxHealthSeconds, out number))) Rules = Rules with { HealthSeconds = number };
            else if (member.NameIs(IdleSecondsMember) && (read = TryNumber(member.Value, 0, RouteRules.MaxIdleSeconds, out number))) Rules = Rules with { IdleSeconds = number };
            else if (member.NameIs(StallSecondsMember) && (read = TryNumber(member.Value, 0, RouteRules.MaxIdleSeconds, out number))) Rules = Rules with { StallSeconds = number };
            return read;
        }

        /// <summary>True for a member that means something here.</summary>
        public static bool Knows(JsonProperty member) => Array.Exists(Known, name => member.NameIs(name));

        /// <summary>A secret wins over an address, as in the old router.</summary>
        public Target? TargetOrNull()
        {
            if (_secret.Length > 0) return new Target.Tunnel(new Secret(_secret));
            if (_address.Length == 0) return null;
            var dial = new Target.Dial(_address, _httpPort, _tlsPort);
            return _more.Length == 0 ? dial : dial with { More = new EquatableList<string>(_more) };
        }

        private static bool TryText(JsonElement value, out string text)
        {
            text = value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
            return value.ValueKind == JsonValueKind.String;
        }

        private static bool TryNumber(JsonElement value, int least, int most, out int number)
        {
            number = 0;
            return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out number) && number >= least && number <= most;
        }

        private static bool TryTexts(JsonElement value, int most, out string[] texts)
        {
            texts = [];
            if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() > most) return false;
            texts = [.. value.EnumerateArray().Select(it => TryText(it, out var text) ? text : "")];
            return !texts.Contains("");
        }
    }
}
