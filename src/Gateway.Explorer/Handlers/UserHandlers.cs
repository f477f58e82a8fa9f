using System.Text;
using Gateway.Explorer.Http;
using Gateway.Explorer.Storage;
using Gateway.Model;
using Gateway.Model.Crypto;
using Gateway.Model.ExplorerApi;
using StackExchange.Redis;

namespace Gateway.Explorer.Handlers;

/// <summary>The phonebook (section 1.12).</summary>
internal sealed class UserHandlers(ExplorerStore store, Authentication authentication, ExplorerEvents events)
{
    private const int MinName = 3;

    private const int MaxText = 1024;

    private const string NotFound = "user not found";

    public async Task<ApiAnswer> CreateAsync(ApiCall call, CancellationToken stop)
    {
        if (!call.TryBody<User>(out var sent, out var fault)) return ApiAnswer.Error(400, fault);
        var user = new User { Name = sent.Name.ToLowerInvariant(), Email = sent.Email.ToLowerInvariant(), Pubkey = sent.Pubkey.ToLowerInvariant() };
        if (Fault(user) is { } wrong) return ApiAnswer.Error(400, wrong);
        if (await store.CommitAsync(Addition(user), stop) is not { } id) return ApiAnswer.Error(409, "user with same name or email exists");
        events.UserCreated(id, user.Name);
        return ApiAnswer.Of(user with { Id = id }, 201);
    }

    public async Task<ApiAnswer> GetAsync(ApiCall call, CancellationToken stop)
    {
        if (!call.TryNumber("user_id", out var id)) return ApiAnswer.Error(400, "the user id is too large");
        if (await authentication.FindAsync(id, stop) is not { } user) return ApiAnswer.Error(404, NotFound);
        var (maySee, refusal) = await EmailsAsync(call, stop);
        return refusal ?? ApiAnswer.Of(maySee ? user : user with { Email = "" });
    }

    public async Task<ApiAnswer> ListAsync(ApiCall call, CancellationToken stop)
    {
        if (!Paging.TryRead(call, out var paging, out var fault)) return ApiAnswer.Error(400, fault);
        var (mayAll, refusal) = await EmailsAsync(call, stop);
        if (refusal is not null) return refusal;
        var (name, email) = (call.Query("name").ToLowerInvariant(), call.Query("email").ToLowerInvariant());
        var (users, count) = name.Length + email.Length > 0 ? await FindAsync(name, email, stop) : await PageAsync(paging, stop);
        var items = users.Select(user => (ReadOnlyMemory<byte>)ExplorerJson.Write(mayAll ? user : user with { Email = "" }));
        return ApiAnswer.List([.. items], paging.Pages(count));
    }

    public async Task<ApiAnswer> UpdateAsync(ApiCall call, CancellationToken stop)
    {
        if (!call.TryNumber("user_id", out var id)) return ApiAnswer.Error(400, "the user id is too large");
        if (!call.TryBody<UserUpdate>(out var sent, out var fault)) return ApiAnswer.Error(400, fault);
        if (await store.ReadAsync<User>(RedisSchema.ExplorerUsersKey, ExplorerStore.Field(id), stop) is not { Value: var user } stored) return ApiAnswer.Error(404, NotFound);
        if (sent.Id != id) return ApiAnswer.Error(400, "the id in the body is another than in the path");
        if (!PublicKey.TryFromHex(user.Pubkey, out var key) || !sent.IsSignedBy(key)) return ApiAnswer.Error(401, "sender_signature_hex is not the user's signature over id, name, email, host, description and pubkey");
        var changed = user with { Email = sent.Email.ToLowerInvariant(), Host = sent.Host, Description = sent.Description };
        if (Fault(changed) is { } wrong) return ApiAnswer.Error(400, wrong);
        var isChanged = await store.CommitAsync(Change(user, changed, stored.Json), stop) is not null;
        return isChanged ? ApiAnswer.Null(200) : ApiAnswer.Error(409, "user with same name or email exists");
    }

    public async Task<ApiAnswer> ValidateAsync(ApiCall call, CancellationToken stop)
    {
        if (!call.TryNumber("user_id", out var id)) return ApiAnswer.Error(400, "the user id is too large");
        if (!call.TryBody<ValidateRequest>(out var sent, out var fault)) return ApiAnswer.Error(400, fault);
        if (sent.Payload.Length % 2 != 0 || !sent.Payload.All(char.IsAsciiHexDigit)) return ApiAnswer.Error(400, "payload is not hexadecimal");
        if (await authentication.FindAsync(id, stop) is not { } user || !PublicKey.TryFromHex(user.Pubkey, out var key)) return ApiAnswer.Error(404, NotFound);
        return ApiAnswer.Of(new ValidateAnswer { IsValid = key.VerifiesHex(Convert.FromHexString(sent.Payload), sent.Signature) });
    }

    // Whoever signs wrongly reads what anybody may read; who signs too often is told so, and not that there are no addresses.
    private async Task<(bool MaySee, ApiAnswer? Refusal)> EmailsAsync(ApiCall call, CancellationToken stop)
    {
        if (call.Header("Authorization") is null) return (false, null);
        var (reader, refusal) = await authentication.UserAsync(call, stop);
        return (reader is not null, refusal is { Status: 429 } ? refusal : null);
    }

    private static StoreChange Addition(User user)
    {
        // The number is not known yet; id is the first member, and a quote inside a name would be escaped.
        var json = Encoding.UTF8.GetString(ExplorerJson.Write(user)).Replace("{\"id\":0,", $"{{\"id\":{StoreChange.Id},", StringComparison.Ordinal);
        var change = new StoreChange()
            .Numbered(RedisSchema.ExplorerUserCounterKey)
            .Expect(RedisSchema.ExplorerUserNamesKey, user.Name, null)
            .Set(RedisSchema.ExplorerUsersKey, StoreChange.Id, json)
            .Set(RedisSchema.ExplorerUserNamesKey, user.Name, StoreChange.Id);
        return user.Email.Length == 0 ? change : change
            .Expect(RedisSchema.ExplorerUserEmailsKey, user.Email, null)
            .Set(RedisSchema.ExplorerUserEmailsKey, user.Email, StoreChange.Id);
    }

    private static StoreChange Change(User old, User changed, ReadOnlyMemory<byte> oldJson)
    {
        var id = ExplorerStore.Field(old.Id);
        var change = new StoreChange().Expect(RedisSchema.ExplorerUsersKey, id, oldJson).Set(RedisSchema.ExplorerUsersKey, id, ExplorerJson.Write(changed));
        if (old.Email == changed.Email) return change;
        if (old.Email.Length > 0) change.Remove(RedisSchema.ExplorerUserEmailsKey, old.Email);
        return changed.Email.Length == 0 ? change : change
            .Expect(RedisSchema.ExplorerUserEmailsKey, changed.Email, null)
            .Set(RedisSchema.ExplorerUserEmailsKey, changed.Email, id);
    }

    private async Task<(IReadOnlyList<User> Users, long Count)> FindAsync(string name, string email, CancellationToken stop)
    {
        var id = name.Length > 0
            ? await store.ReadNumberAsync(RedisSchema.ExplorerUserNamesKey, name, stop)
            : await store.ReadNumberAsync(RedisSchema.ExplorerUserEmailsKey, email, stop);
        var user = (await store.ReadAsync<User>(RedisSchema.ExplorerUsersKey, [id], stop)).SingleOrDefault();
        return user is null || (email.Length > 0 && user.Email != email) ? ([], 0) : ([user], 1);
    }

    private async Task<(IReadOnlyList<User> Users, long Count)> PageAsync(Paging paging, CancellationToken stop)
    {
        var count = await store.ReadCounterAsync(RedisSchema.ExplorerUserCounterKey, stop);
        var last = Math.Min(paging.Skip + paging.Size, count);
        var fields = new List<RedisValue>();
        for (var id = paging.Skip + 1; id <= last; id++) fields.Add(id);
        return (await store.ReadAsync<User>(RedisSchema.ExplorerUsersKey, fields, stop), count);
    }

    private static string? Fault(User user)
    {
        if (user.Name.Length < MinName) return $"name should be at least {MinName} characters";
        if (user.Name.Any(char.IsControl) || user.Email.Any(char.IsControl)) return "name and email must not hold control characters";
        if (new[] { user.Name, user.Email, user.Host, user.Description }.Any(text => text.Length > MaxText)) return $"name, email, host and description have at most {MaxText} characters";
        return PublicKey.TryFromHex(user.Pubkey, out _) ? null : "pubkey is not an ed25519 key: 32 octets in hexadecimal";
    }
}
