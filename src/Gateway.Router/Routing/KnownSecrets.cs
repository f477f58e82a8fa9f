using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Gateway.Model;

namespace Gateway.Router.Routing;

/// <summary>
/// The tunnel secrets that routes name; several hosts may share one tunnel. Read from any thread; written under the lock of the table
/// that owns it.
/// </summary>
internal sealed class KnownSecrets
{
    private readonly ConcurrentDictionary<Secret, SecretNaming> _namings = new();

    /// <summary>How many there are.</summary>
    public int Count => _namings.Count;

    /// <summary>True when a route names it.</summary>
    public bool TryGet(Secret secret, [NotNullWhen(true)] out SecretNaming? naming) => _namings.TryGetValue(secret, out naming);

    /// <summary>One more route names it.</summary>
    public void Add(Secret secret) => _namings.GetOrAdd(secret, _ => new SecretNaming()).Add();

    /// <summary>A client of this tunnel is gone.</summary>
    public void NoteLeft(Secret secret)
    {
        if (_namings.TryGetValue(secret, out var naming)) naming.NoteLeft();
    }

    /// <summary>A client of this tunnel has come. True when it takes the place of one that is gone.</summary>
    public bool NoteCame(Secret secret) => _namings.TryGetValue(secret, out var naming) && naming.NoteCame();

    /// <summary>One route less names it, because it was changed or because it is gone.</summary>
    public void Remove(Secret secret, bool isChange)
    {
        if (!_namings.TryGetValue(secret, out var naming) || !naming.Remove(isChange)) return;
        _namings.TryRemove(secret, out _);
        naming.End();
    }
}
