namespace Gateway.UnitTests.Architecture;

/// <summary>Something hostile or unlucky that may happen to a gateway. Tests that show what becomes of it carry its ID.</summary>
/// <param name="Id">A letter for the part and a number, as in <c>[Trait("adv", "D4")]</c>.</param>
/// <param name="Text">What happens, in a few words.</param>
/// <param name="IsBuilt">False when what it aims at does not exist here yet, as far as no test says otherwise.</param>
internal sealed record Attack(string Id, string Text, bool IsBuilt = true)
{
    /// <summary>The parts, in order.</summary>
    public static IReadOnlyList<(char Letter, string Name)> Parts { get; } =
    [
        ('D', "Name server"), ('H', "HTTP, TLS and PROXY protocol"), ('T', "Tunnels"), ('R', "Reservations and Redis"),
        ('S', "Targets that users name"), ('A', "Certificates"), ('O', "Operation"),
    ];

    /// <summary>Every attack, in the order of their IDs.</summary>
    public static IReadOnlyList<Attack> All { get; } =
    [
        new("D1", "Mutated and broken messages, millions of them"),
        new("D2", "Queries under a victim's address, so that the answers flood it"),
        new("D3", "Random names under one zone, without end"),
        new("D4", "TCP clients by the thousand: idle, one octet at a time, a length and nothing after it, a thousand queries at once, half-closed"),
        new("D5", "Compression pointers that loop, names and labels too long, lengths that lie"),
        new("D6", "EDNS: two OPT records, another version, broken cookies and options, sizes of nothing"),
        new("D7", "No question or several, unknown opcodes, NOTIFY and UPDATE from strangers"),
        new("D8", "Letter case, escapes, any octet in a label, two spellings of one name"),
        new("D9", "Zone cuts, empty non-terminals and wildcards as a minimising resolver asks for them"),
        new("D10", "A delegation to a hundred name servers of somebody else"),
        new("D11", "Aliases in a ring, and DNAMEs that make names grow"),
        new("D12", "Colliding DNSSEC keys that make validators work", IsBuilt: false),
        new("D13", "NSEC3 with many iterations", IsBuilt: false),
        new("D14", "Signatures that expire, clocks that jump, signing keys that are lost", IsBuilt: false),
        new("D15", "Zone transfers by whoever asks, odd serials, wrong, cut, late and replayed signatures"),
        new("D16", "Answers too long for UDP, and record sets as long as a message can be"),
        new("D17", "Cookies that are forged, stolen or old, and secrets that roll over"),
        new("D18", "DNS over TLS and HTTPS, slowly and in pieces", IsBuilt: false),
        new("D19", "Names of other zones, to get a referral or recursion"),
        new("D20", "Records about other people's names, to poison caches"),
        new("D21", "Names that clients trust for what they are: wpad, _dmarc, _acme-challenge and the like"),
        new("D22", "Reverse zones and CAA records, changed by somebody else than their owner"),

        new("H1", "Two ideas of where a request ends: Content-Length against Transfer-Encoding, and odd spellings of both"),
        new("H2", "Bare CR, LF and NUL, folded lines, chunk sizes and trailers that smuggle"),
        new("H3", "HTTP/2 requests that are no longer one when written as HTTP/1"),
        new("H4", "HTTP/2 floods: resets, continuations, settings, pings, header tables"),
        new("H5", "Headers and bodies a byte at a time, thousands at once"),
        new("H6", "A request for one host over a connection that was opened for another"),
        new("H7", "ClientHellos in pieces, enormous, malformed, with two names or strange ones"),
        new("H8", "PROXY headers from whoever sends them, cut, doubled, too long"),
        new("H9", "Forwarding headers that a visitor made up"),
        new("H10", "Upgrades that fail and leave a hole, WebSocket floods"),
        new("H11", "A backend whose responses are made to be split"),
        new("H12", "A backend with endless headers, endless 1xx, bombs"),
        new("H13", "Cookies that one tenant sets for another"),
        new("H14", "Paths that two readers read differently"),

        new("T1", "Silence in both directions, without a close"),
        new("T2", "A second client with the same secret, racing with the first"),
        new("T3", "Streams without end, windows of nothing, frames of one octet, storms of resets"),
        new("T4", "One visitor who stops reading, in the way of the others"),
        new("T5", "Every client dials again at the same moment"),
        new("T6", "Visitors who leave in the middle, a hundred thousand times"),
        new("T7", "Other protocols on the tunnel port, replayed and stolen credentials"),
        new("T8", "A tunnel server that is not ours, or whose certificate is wrong"),
        new("T9", "A client that claims names of others"),
        new("T10", "A client whose address changes, or that sleeps"),
        new("T11", "Paths that carry only small packets, and do not say so"),
        new("T12", "A day of loss, jitter and churn"),

        new("R1", "Two users reserve one name in the same instant, on two nodes"),
        new("R2", "A writer that slept wakes up and writes an old plan"),
        new("R3", "Redis away, slow, silent, full, empty, old, split"),
        new("R4", "A clock that jumps by an hour"),
        new("R5", "Names taken over after somebody let go of one half of them"),
        new("R6", "Names above and below somebody else's name"),
        new("R7", "A crash at any step of a change"),
        new("R8", "Somebody with access to Redis changes what users signed"),
        new("R9", "An API client that guesses, overfills, forges and injects"),
        new("R10", "Limits per user, overrun on several nodes at once"),
        new("R11", "Versions of the stored form side by side"),

        new("S1", "Private, local, reserved and metadata addresses, in every spelling"),
        new("S2", "Host names that lead there, or lead there later"),
        new("S3", "Our own ports and addresses as a target"),
        new("S4", "Redirects that lead inside"),
        new("S5", "Ports of mail, names and databases"),
        new("S6", "Forged traffic between nodes", IsBuilt: false),

        new("A1", "A certificate authority that refuses, delays and rejects", IsBuilt: false),
        new("A2", "A caching resolver between the authority and us", IsBuilt: false),
        new("A3", "A node that dies in the middle of an order, or two that race", IsBuilt: false),
        new("A4", "CAA that forbids, or a name that is given up meanwhile", IsBuilt: false),
        new("A5", "Renewals that fail for weeks", IsBuilt: false),
        new("A6", "Private keys in files, logs, dumps and answers", IsBuilt: false),

        new("O1", "Restarts one after the other, under load"),
        new("O2", "Reload and restart, with sockets that stay"),
        new("O3", "A full disk, few file descriptors, little memory"),
        new("O4", "A flood of log lines"),
        new("O5", "Other time zones and languages"),
        new("O6", "Hosts with one family of addresses alone"),
        new("O7", "No root, few capabilities, a narrow sandbox"),
        new("O8", "A backup, restored"),
        new("O9", "A hundred thousand names in the metrics"),
        new("O10", "Pauses of the garbage collector"),
    ];
}
