using System.Globalization;
using Gateway.Explorer.Http;
using Gateway.Explorer.Storage;
using Gateway.Model;
using Gateway.Model.Crypto;
using Gateway.Model.ExplorerApi;

namespace Gateway.Explorer;

/// <summary>Who signed a request (section 1.2).</summary>
internal sealed class Authentication(ExplorerStore store, ExplorerOptions options, TimeProvider time)
{
    private readonly TokenBuckets<PublicKey> _rates = new(options.RatePerKey);

    /// <summary>The gateway whose key signed; null with the reason when none did. It need not be registered, and reports as fast as it can.</summary>
    public PublicKey? Gateway(ApiCall call, out string fault)
    {
        if (!TryRead(call, out var signature, out fault)) return null;
        if (!PublicKey.TryFromId(signature.KeyId, out var key)) fault = $"keyId '{signature.KeyId}' is no gateway identity";
        else if (Holds(call, signature, key, out fault)) return key;
        return null;
    }

    /// <summary>The user who signed, or else what he is told: nobody did (401), or he did too often in a moment (429).</summary>
    public async Task<(User? User, ApiAnswer? Refusal)> UserAsync(ApiCall call, CancellationToken stop)
    {
        if (!TryRead(call, out var signature, out var fault)) return (null, ApiAnswer.Unauthorized(fault));
        if (!long.TryParse(signature.KeyId, NumberStyles.None, CultureInfo.InvariantCulture, out var id)) return (null, ApiAnswer.Unauthorized($"keyId '{signature.KeyId}' is no user id"));
        if (await FindAsync(id, stop) is not { } user || !PublicKey.TryFromHex(user.Pubkey, out var key)) return (null, ApiAnswer.Unauthorized($"user '{id}' not found: register first, with the key that signs"));
        if (!Holds(call, signature, key, out fault)) return (null, ApiAnswer.Unauthorized(fault));
        return TooFast(key) is { } refusal ? (null, refusal) : (user, null);
    }

    /// <summary>A user by id; null when unknown. Throws <see cref="StoredValueDamagedException"/> when it cannot be read.</summary>
    public async Task<User?> FindAsync(long id, CancellationToken stop) =>
        (await store.ReadAsync<User>(RedisSchema.ExplorerUsersKey, ExplorerStore.Field(id), stop))?.Value;

    // Signatures in a body do not count: anybody who saw one can send it again, and would use up the rate of its owner.
    private ApiAnswer? TooFast(PublicKey key)
    {
        if (_rates.Admit(key, (long)time.GetElapsedTime(0).TotalMilliseconds)) return null;
        ExplorerMetrics.RefusedEarly("key_rate");
        return ApiAnswer.SlowDown($"more than {options.RatePerKey} requests per second with your key", seconds: 1);
    }

    // Of several Authorization headers the last one that can be read counts.
    private static bool TryRead(ApiCall call, out HttpSignature signature, out string fault)
    {
        (signature, fault) = (new HttpSignature("", null, [], []), "no Authorization header");
        foreach (var header in call.Headers("Authorization").Reverse())
        {
            if (HttpSignature.TryParse(header, out signature, out fault)) return true;
        }

        return false;
    }

    private bool Holds(ApiCall call, HttpSignature signature, PublicKey key, out string fault)
    {
        if (!signature.Verify(key, call.Header, out fault)) return false;
        if (options.SignatureTolerance > TimeSpan.Zero && !signature.IsFresh(time.GetUtcNow(), options.SignatureTolerance))
            fault = string.Create(CultureInfo.InvariantCulture, $"the request was signed more than {options.SignatureTolerance.TotalSeconds} s from now: check the clock of this machine");
        return fault.Length == 0;
    }
}
