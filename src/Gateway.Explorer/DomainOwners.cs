using Gateway.Model;
using Gateway.Model.Records;
using Gateway.Transport.Questions;

namespace Gateway.Explorer;

/// <summary>
/// Asks the DNS which gateway a managed domain belongs to: the one that the record <c>__owner__</c> below it names. Only the operator's
/// resolvers are asked, each domain once in a while, and few domains: strangers choose what is asked about.
/// </summary>
internal sealed class DomainOwners(StubResolver resolver, TimeProvider time)
{
    /* Beside one request's deadline, which is longer unless the operator says so. */
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(5);

    /* A gateway that has just put its record there tries again within the minute. */
    private static readonly TimeSpan Kept = TimeSpan.FromSeconds(10);

    /* Some 25 questions a second to the resolvers at most; more contested domains are an attack, and wait. */
    private const int MostKept = 256;

    private readonly Dictionary<DomainName, Asked> _asked = [];
    private readonly Lock _lock = new();

    /// <summary>Whom the DNS names; null when so many are asked about that it cannot be asked now.</summary>
    public async Task<DomainOwner?> OwnerAsync(DomainName domain, CancellationToken stop)
    {
        Task<string?>? asked;
        lock (_lock) asked = Ask(domain);
        return asked is null ? null : new DomainOwner(await asked.WaitAsync(stop));
    }

    private Task<string?>? Ask(DomainName domain)
    {
        if (_asked.TryGetValue(domain, out var known) && time.GetElapsedTime(known.At) < Kept) return known.Owner;
        if (_asked.Count >= MostKept) Forget();
        if (_asked.Count >= MostKept) return null;
        var owner = Task.Run(() => LookAsync(domain), CancellationToken.None);
        _asked[domain] = new Asked(owner, time.GetTimestamp());
        return owner;
    }

    private void Forget()
    {
        foreach (var (domain, asked) in _asked)
            if (time.GetElapsedTime(asked.At) >= Kept) _asked.Remove(domain);
    }

    private async Task<string?> LookAsync(DomainName domain)
    {
        if (!domain.TryPrepend(RedisSchema.OwnerField, out var place)) return null;
        using var late = new CancellationTokenSource(Deadline, time);
        try
        {
            if (await resolver.AskAsync(place, RecordType.Txt, late.Token) is not { } reply || StubResolver.IsFault(reply)) return null;
            return reply.Answers.Select(record => Named(record.Text)).OfType<string>().Distinct(StringComparer.Ordinal).ToList() is [var one] ? one : null;
        }
        catch (OperationCanceledException)
        {
            // The resolvers took too long.
            return null;
        }
    }

    // A zone of a user's names the user as its owner: that one is no managed domain.
    private static string? Named(string? text) =>
        text is not null && RedisSchema.TryReadOwnerText(text, out var said) && said.Identity == said.Owner ? said.Identity : null;

    private readonly record struct Asked(Task<string?> Owner, long At);
}

/// <summary>What the DNS says of a domain.</summary>
/// <param name="Identity">The gateway that it names; null when it names none, or several, or does not answer.</param>
internal readonly record struct DomainOwner(string? Identity);
