using System.Net;
using Gateway.Dns.Notify;
using Gateway.Dns.Transfer;
using Gateway.Dns.Tsig;
using Gateway.Model;
using Gateway.Model.Options;

namespace Gateway.Dns;

/// <summary>Who may take whole zones, and who is told of changes.</summary>
public sealed partial class DnsOptions
{
    /// <summary>TSIG keys.</summary>
    [Option("TSIG keys, each written name:algorithm:base64 with hmac-sha256, hmac-sha384 or hmac-sha512. Where there are any, zone transfers must be signed with one of them.")]
    public IReadOnlyList<Secret> TransferKeys { get; set; } = [];

    /// <summary>Networks of secondaries.</summary>
    [Option("Networks that may transfer zones (AXFR, IXFR). Where there are any, others may not, whatever key they have. Without keys and networks nobody may.")]
    public IReadOnlyList<IPNetwork> TransferNetworks { get; set; } = [];

    /// <summary>Transfers at once.</summary>
    [Option("Zone transfers at once; who comes later is told to try again.", Minimum = 1, Maximum = 1_000)]
    public int TransfersAtOnce { get; set; } = 10;

    /// <summary>Secondaries to notify.</summary>
    [Option("Secondaries that are told when a zone changes (NOTIFY): address or address:port, and after a space the name of the TSIG key that signs it.")]
    public IReadOnlyList<string> Secondaries { get; set; } = [];

    /// <summary>The keys that could be read.</summary>
    internal TsigKeys Keys => new(TransferKeys.Select(option => TsigKey.TryParse(option, out var key, out _) ? key : null).OfType<TsigKey>());

    /// <summary>Who may take zones.</summary>
    internal TransferPolicy TransferPolicy => new(Keys, TransferNetworks);

    /// <summary>The secondaries that could be read.</summary>
    internal IReadOnlyList<NotifyTarget> NotifyTargets
    {
        get
        {
            var keys = Keys;
            return [.. Secondaries.Select(text => NotifyTarget.TryParse(text, keys, out var target, out _) ? target : null).OfType<NotifyTarget>()];
        }
    }

    private IEnumerable<OptionFault> TransferFaults()
    {
        foreach (var option in TransferKeys)
            if (!TsigKey.TryParse(option, out _, out var fault)) yield return $"transfer_keys: {fault}";
        var keys = Keys;
        foreach (var text in Secondaries)
            if (!NotifyTarget.TryParse(text, keys, out _, out var fault)) yield return $"secondaries: {fault}";
    }
}
