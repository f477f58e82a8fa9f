using System.Collections.Concurrent;
using Gateway.Model;
using Gateway.Model.Records;
using Gateway.Transport.Questions;

namespace Gateway.Reconciler.Proving;

/// <summary>
/// Whether the DNS shows a zone as one of this gateway's, and there as this owner's: in the record <c>__owner__</c> that the gateway
/// serves in each of its zones. Each zone is asked about once.
/// </summary>
internal sealed class OwnerProofs(string gatewayId, StubResolver resolver)
{
    private readonly ConcurrentDictionary<(DomainName Zone, string Owner), Task<bool?>> _asked = [];

    /// <summary>Null when nobody can say.</summary>
    public Task<bool?> IsShownAsync(DomainName zone, string owner, CancellationToken stop) => _asked.GetOrAdd((zone, owner), it => LookAsync(it.Zone, it.Owner, stop));

    private async Task<bool?> LookAsync(DomainName zone, string owner, CancellationToken stop)
    {
        if (!zone.TryPrepend(RedisSchema.OwnerField, out var place)) return false;
        if (await resolver.AskAsync(place, RecordType.Txt, stop) is not { } reply || StubResolver.IsFault(reply)) return null;
        return reply.Answers.Any(record => record.Text is { } text && RedisSchema.TryReadOwnerText(text, out var said) && said.Identity == gatewayId && said.Owner == owner);
    }
}
