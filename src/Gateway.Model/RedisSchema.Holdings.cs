using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;
using Gateway.Model.Reservations;

namespace Gateway.Model;

/// <summary>
/// Whose a name was, whose it is proven to be, and who may not use his: kept beside the reservations, so that a restart forgets
/// none of it. Readers that do not know these keys pass over them.
/// </summary>
public static partial class RedisSchema
{
    /// <summary>Hash: name without trailing dot → the rest of a name that was given up.</summary>
    public const string QuarantineKey = "gateway:quarantine";

    /// <summary>Hash: decimal id of a user → since when and why he is frozen.</summary>
    public const string FrozenKey = "gateway:frozen";

    /// <summary>Hash: host without trailing dot → who proved it and since when.</summary>
    public const string ProofsKey = "gateway:proofs";

    // Seconds: what a DateTimeOffset can be.
    private const long LatestSecond = 253_402_300_799;

    /// <summary>Value in <see cref="QuarantineKey"/>.</summary>
    public static string EncodeRest(NameRest rest) =>
        string.Create(CultureInfo.InvariantCulture, $"{{\"user\":{rest.User},\"since\":{rest.Since.ToUnixTimeSeconds()},\"until\":{rest.Until.ToUnixTimeSeconds()}}}");

    /// <summary>Reads a value of <see cref="QuarantineKey"/>; unknown members are passed over.</summary>
    public static bool TryDecodeRest(ReadOnlySpan<byte> value, [NotNullWhen(true)] out NameRest? rest)
    {
        rest = TryReadNumbers(value, ["user", "since", "until"], out var numbers) && numbers is [{ } user, { } since, { } until] && TryTime(since, out var from) && TryTime(until, out var to)
            ? new NameRest(user, from, to)
            : null;
        return rest is not null;
    }

    /// <summary>Value in <see cref="ProofsKey"/>.</summary>
    public static string EncodeProof(ProvenHost proof)
    {
        var missing = proof.Missing is { } since ? string.Create(CultureInfo.InvariantCulture, $",\"missing\":{since.ToUnixTimeSeconds()}") : "";
        return string.Create(CultureInfo.InvariantCulture, $"{{\"user\":{proof.User},\"since\":{proof.Since.ToUnixTimeSeconds()}{missing}}}");
    }

    /// <summary>Reads a value of <see cref="ProofsKey"/>; unknown members are passed over.</summary>
    public static bool TryDecodeProof(ReadOnlySpan<byte> value, [NotNullWhen(true)] out ProvenHost? proof)
    {
        proof = null;
        if (!TryReadNumbers(value, ["user", "since", "missing"], out var numbers) || numbers is not [{ } user, { } since, var missing] || !TryTime(since, out var from)) return false;
        var gone = DateTimeOffset.UnixEpoch;
        if (missing is { } seconds && !TryTime(seconds, out gone)) return false;
        proof = new ProvenHost(user, from, missing is null ? null : gone);
        return true;
    }

    /// <summary>Value in <see cref="FrozenKey"/>.</summary>
    public static string EncodeFrozen(FrozenUser frozen) =>
        string.Create(CultureInfo.InvariantCulture, $"{{\"since\":{frozen.Since.ToUnixTimeSeconds()},\"reason\":{GoJson.Quote(frozen.Reason)}}}");

    /// <summary>
    /// Reads a value of <see cref="FrozenKey"/>. A user who stands there is frozen whatever the value says: what cannot be read of
    /// it is left out.
    /// </summary>
    public static FrozenUser DecodeFrozen(ReadOnlySpan<byte> value)
    {
        var reason = "";
        TryReadObject(value, out _, member =>
        {
            if (member.Name == "reason" && member.Value.ValueKind == JsonValueKind.String) reason = member.Value.GetString()!;
            return true;
        });
        var isKnown = TryReadNumbers(value, ["since"], out var numbers) && numbers is [{ } since] && TryTime(since, out _);
        return new FrozenUser(isKnown ? DateTimeOffset.FromUnixTimeSeconds(numbers[0]!.Value) : DateTimeOffset.UnixEpoch, reason);
    }

    /// <summary>The field of a user in <see cref="FrozenKey"/>.</summary>
    public static string FrozenField(long user) => user.ToString(CultureInfo.InvariantCulture);

    private static bool TryReadNumbers(ReadOnlySpan<byte> value, string[] names, out long?[] numbers)
    {
        var found = new long?[names.Length];
        numbers = found;
        return TryReadObject(value, out _, member =>
        {
            var at = Array.IndexOf(names, member.Name);
            if (at < 0) return true;
            var isNumber = member.Value.ValueKind == JsonValueKind.Number && member.Value.TryGetInt64(out var number) && number >= 0 && (found[at] = number) is not null;
            return isNumber;
        });
    }

    private static bool TryTime(long seconds, out DateTimeOffset time)
    {
        var isOne = seconds is >= 0 and <= LatestSecond;
        time = isOne ? DateTimeOffset.FromUnixTimeSeconds(seconds) : default;
        return isOne;
    }
}
