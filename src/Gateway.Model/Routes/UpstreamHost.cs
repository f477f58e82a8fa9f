using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace Gateway.Model.Routes;

/// <summary>The address of an upstream as the tenant wrote it, read once: an IP literal or a host name, and nothing in between.</summary>
public abstract record UpstreamHost
{
    private UpstreamHost()
    {
    }

    /// <summary>Chooses by kind.</summary>
    public T Match<T>(Func<Literal, T> literal, Func<Name, T> name) => this switch
    {
        Literal it => literal(it),
        Name it => name(it),
        _ => throw new UnreachableException(),
    };

    /// <summary>An address that needs no resolver.</summary>
    public sealed record Literal(IPAddress Address) : UpstreamHost;

    /// <summary>A name that is resolved at each dial.</summary>
    public sealed record Name(DomainName Host) : UpstreamHost;

    /// <summary>
    /// Reads four dotted decimal numbers, an IPv6 literal (brackets allowed, no zone), or a host name. The notations by which
    /// resolvers smuggle addresses past a check (<c>127.1</c>, <c>0177.0.0.1</c>, <c>0x7f000001</c>, <c>2130706433</c>) are
    /// neither: a name whose last label is a number is refused (WHATWG URL, "ends in a number").
    /// </summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out UpstreamHost? host)
    {
        host = null;
        if (TryParseLiteral(text, out var address)) host = new Literal(address);
        else if (DomainName.TryParse(text, out var name) && name.IsHostName && !EndsInNumber(text)) host = new Name(name);
        return host is not null;
    }

    private static bool TryParseLiteral(string text, [NotNullWhen(true)] out IPAddress? address)
    {
        var bare = text is ['[', .. var inside, ']'] && inside.Contains(':', StringComparison.Ordinal) ? inside : text;
        if (!IPAddress.TryParse(bare, out address)) return false;
        return bare.Contains(':', StringComparison.Ordinal)
            ? bare.All(octet => char.IsAsciiHexDigit(octet) || octet is ':' or '.')
            : address.ToString() == bare;
    }

    private static bool EndsInNumber(string text)
    {
        var labels = text.TrimEnd('.');
        var last = labels[(labels.LastIndexOf('.') + 1)..];
        return last.All(char.IsAsciiDigit) || last.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
    }
}
