using System.Net;
using Gateway.Dns.Wire;
using Gateway.Model;
using Gateway.Model.Records;
using Microsoft.Extensions.Logging;

namespace Gateway.Dns;

/// <summary>One line for each query, when the operator asked for it. It allocates, and is no part of the way of a query otherwise.</summary>
internal sealed partial class QueryLog(ILogger log)
{
    /// <summary>Tells of a query and what became of it.</summary>
    /// <param name="query">The message.</param>
    /// <param name="client">Who sent it.</param>
    /// <param name="verdict">What the responder says.</param>
    /// <param name="length">Octets of the response; 0 for none.</param>
    public void Write(ReadOnlySpan<byte> query, in Client client, in Verdict verdict, int length)
    {
        if (!Request.TryRead(query, out var request)) return;
        var name = DomainName.TryFromWire(request.Name, out var asked) ? asked.ToAbsoluteString() : "-";
        var outcome = length > 0 ? verdict.Rcode.ToString() : verdict.Forwardable ? "forwarded" : "no answer";
        Answered(log, new IPAddress(client.Address).ToString(), client.OverTcp ? "tcp" : "udp", name, TypeName(request.Type), outcome, length);
    }

    // RFC 3597 section 5: a type without a name is written by its number.
    private static string TypeName(RecordType type) => Enum.IsDefined(type) ? type.ToString().ToUpperInvariant() : $"TYPE{(int)type}";

    [LoggerMessage(2401, LogLevel.Information, "Query from {Client} by {Transport}: {Name} {Type}: {Outcome}, {Octets} octets")]
    private static partial void Answered(ILogger log, string client, string transport, string name, string type, string outcome, int octets);
}
