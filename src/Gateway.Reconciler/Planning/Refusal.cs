using System.Globalization;
using Gateway.Model;

namespace Gateway.Reconciler.Planning;

/// <summary>What users read when a reservation is refused: what is wrong, and what to do.</summary>
internal static class Refusal
{
    public const string No4To6 = "this gateway does not offer 4-to-6 yet: choose another gateway";

    public static Outcome.Rejected Frozen { get; } = new("the operator of this gateway has frozen your account: ask him why; what you have reserved stays yours");

    public static Outcome.Rejected TooMany(int most, string things) =>
        new($"you have {most} {things} on this gateway, the most that one user may have: delete one first, or ask the operator for more", Conflict: true);

    public static Outcome.Rejected TooFast(int most) =>
        new($"you made more than {most} reservations on this gateway in one minute, the most that one user may make: wait a minute and reserve again, or ask the operator for more");

    public static string Lapsed(DomainName host, DateTimeOffset since, string advice) =>
        string.Create(CultureInfo.InvariantCulture, $"since {since:yyyy-MM-dd HH:mm:ss}Z the DNS does not show any more that '{host}' is yours, so its visitors are not sent to you now; {advice}");

    public static Outcome.Rejected Kind(string reason) => new(reason);

    public static Outcome.Rejected NotAName(DomainName name) =>
        new($"'{name}' cannot be reserved: a name has at least two labels of letters, digits, hyphens and underscores, none of which begins with a hyphen");

    public static Outcome.Rejected OwnerLabel(DomainName name) =>
        new($"'{name}' cannot be reserved: the label '{RedisSchema.OwnerField}' proves to the explorer who owns a zone; choose another label");

    public static Outcome.Rejected ReservedLabel(DomainName name, string label) =>
        new($"'{name}' cannot be reserved: the label '{label}' is kept back on this gateway, because clients trust it; choose another label");

    public static Outcome.Rejected Label(DomainName name, string label, string why) =>
        new($"'{name}' cannot be reserved: of its label '{label}', {why}; choose another label");

    public static Outcome.Rejected OwnName(DomainName name, DomainName own) =>
        new(name == own
            ? $"'{name}' cannot be reserved: the gateway itself is reached by this name; choose another name"
            : $"'{name}' cannot be reserved: it lies under '{own}', by which the gateway itself is reached; choose another name");

    public static Outcome.Rejected NoZone(DomainName name) =>
        new($"'{name}' is not managed by this gateway: delegate its domain to the gateway first, or choose a name under a managed domain");

    public static Outcome.Rejected ForeignZone(DomainName name, DomainName zone, string advice = "") =>
        new($"'{name}' lies in the zone '{zone}' of another user: choose a name elsewhere{(advice.Length > 0 ? $"; or, {advice}" : "")}", Conflict: true);

    public static Outcome.Rejected Ousted(DomainName zone) =>
        new($"the DNS of '{zone}' names another user of this gateway, who has the domain now; if it is yours, see that nobody else can write into its DNS");

    public static Outcome.Rejected ManagedRoot(DomainName name) =>
        new($"'{name}' is a domain that this gateway manages itself: choose a name under it");

    public static Outcome.Rejected InsideManaged(DomainName name, DomainName zone) =>
        new($"'{name}' cannot be delegated: it lies in '{zone}', which this gateway manages; reserve a sub-domain instead");

    public static Outcome.Rejected AboveManaged(DomainName name, DomainName zone) =>
        new($"'{name}' cannot be delegated: '{zone}' below it is managed by this gateway; delegate a domain of your own");

    public static Outcome.Rejected Taken(DomainName name) =>
        new($"'{name}' is already reserved by another user: choose another name", Conflict: true);

    public static Outcome.Rejected UnderForeignName(DomainName name, DomainName above) =>
        new($"'{name}' lies under '{above}', which another user reserved: choose another name", Conflict: true);

    public static Outcome.Rejected AboveForeignName(DomainName name, DomainName below) =>
        new($"'{name}' lies above '{below}', which another user reserved: choose another name", Conflict: true);

    public static Outcome.Rejected AboveForeignZone(DomainName name, DomainName below) =>
        new($"'{name}' lies above '{below}', which another user delegated: choose another name; or, if that is yours as well, delegate it first", Conflict: true);

    public static Outcome.Rejected Resting(DomainName name, DomainName rests, string until) =>
        new(name == rests
            ? $"'{name}' was given up by another user and rests until {until}: choose another name, or reserve it again then"
            : $"'{name}' cannot be reserved yet: '{rests}' was given up by another user and rests until {until}; choose another name, or reserve it again then");

    public static Outcome.Rejected LastOfAnother(DomainName host, string advice) =>
        new($"another user had '{host}' before, so that it leads to this gateway does not show that it is yours: {advice}, then reserve again");

    public static Outcome.Rejected RouteTaken(DomainName host) =>
        new($"visitors of '{host}' already go to a target of another user: choose another host", Conflict: true);

    public static Outcome.Rejected RouteOfOperator(DomainName host) =>
        new($"the operator of this gateway has set a route for '{host}' by hand: choose another host", Conflict: true);

    public static Outcome.Rejected BadTarget(string address) =>
        new($"'{address}' is no target: give a public IP address or a host name, and a port between 1 and 65535 for HTTP, for TLS or for both");

    public static Outcome.Rejected TargetNotAllowed(string address) =>
        new($"this gateway does not dial '{address}' on that port: give an address and a port that are public, or ask the operator to allow them");

    public static Outcome.Rejected TargetIsGateway(string address) =>
        new($"'{address}' on that port is this gateway itself: give the address of the machine that runs your service, or reserve a tunnel to it");

    public static Outcome.Rejected Undelegated(DomainName name) =>
        new($"the zone of '{name}' is not delegated to this gateway any more: delegate it and reserve again");
}
