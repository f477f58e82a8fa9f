using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Gateway.Cli.Reservations;
using Gateway.ExplorerApi;
using Gateway.Model;
using Gateway.Model.Crypto;
using Gateway.Model.ExplorerApi;

namespace Gateway.Cli.Commands;

/// <summary>What a tunnel's reservation has beside the others: a secret, and the line for the container.</summary>
internal static class TunnelReservation
{
    /* 128 bits: nobody guesses it, and it still fits on a line to paste. */
    private const int RandomOctets = 16;

    /// <summary>Makes the secret, keeps it where the user asked, and reserves.</summary>
    public static Task<int> RunAsync(ReserveCommands reserve, ParseResult parsed, string host, string? secretFile, CancellationToken stop)
    {
        Secret secret = default;
        var isKept = false;
        return reserve.RunAsync(parsed, host, WorkloadType.ReverseProxy, Fill, stop, gateway => Paste(reserve.Program, gateway, secret, secretFile),
            fault => isKept && fault.Code != ExitCode.NotYet ? Forget(secretFile!, fault) : fault);

        Step<Workload> Fill(Workload draft, (Caller Caller, GatewayNode Gateway) parties)
        {
            if (Booking.KeyOf(parties.Gateway).Failed(out var fault, out var key)) return fault;
            secret = Make(parties.Caller.User);
            // Before the reservation: a tunnel that is reserved, with a secret that could not be written, would be of no use.
            if (secretFile is not null && !SeedStore.TryCreate(secretFile, Encoding.UTF8.GetBytes(secret.Reveal()), out var text)) return new Outcome.Fault(ExitCode.Failed, text);
            isKept = secretFile is not null;
            return draft with { Secret = SealedSecret.Encrypt(secret, parties.Caller.Identity, key) };
        }
    }

    // The secret of nothing would only be in the way of the next try; that of a tunnel which may exist cannot be made again.
    private static Outcome.Fault Forget(string secretFile, Outcome.Fault fault)
    {
        if (!fault.HoldsNothing) return fault with { Message = $"{fault.Message} The tunnel may be reserved all the same, so its secret stays in '{secretFile}': see 'gateway reservations'." };
        return SeedStore.TryDelete(secretFile, out var text) ? fault : fault with { Message = $"{fault.Message} {text}" };
    }

    // The gateway takes a secret only when it begins with its user's id, so that users cannot take each other's.
    private static Secret Make(long user) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{user}:{RandomNumberGenerator.GetHexString(RandomOctets * 2, lowercase: true)}"));

    private static (string Text, JsonObject Json) Paste(string program, GatewayNode gateway, Secret secret, string? secretFile)
    {
        var remote = Remote(gateway);
        var expose = $"{program} expose http://localhost:8000 --remote {remote}";
        // By a variable: other users of the machine can read the arguments of a program, but not its environment.
        var line = secretFile is null ? $"TRC_SECRET={secret.Reveal()} {expose}" : $"{expose} --secret-file {secretFile}";
        var json = new JsonObject { ["remote"] = remote, ["expose"] = line };
        if (secretFile is null) json["secret"] = secret.Reveal();
        if (gateway.TunnelPin is not { } pin) return ($"Beside your service, run:\n  {line}", json);
        json["pin"] = pin;
        return ($"The gateway's tunnel key is {pin}.\nBeside your service, run:\n  {line}", json);
    }

    private static string Remote(GatewayNode gateway)
    {
        var host = gateway.Address.Length > 0 ? gateway.Address : gateway.DnsNameserver is [var first, ..] ? first.TrimEnd('.') : "GATEWAY";
        var (scheme, pin) = gateway.TunnelPin is { } key ? ("tls://", "#" + key) : ("", "");
        return string.Create(CultureInfo.InvariantCulture, $"{scheme}{(host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host)}:{gateway.TcpRouterPort}{pin}");
    }
}
