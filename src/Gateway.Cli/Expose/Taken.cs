namespace Gateway.Cli.Expose;

/// <summary>Whether a gateway has taken a session, told once however many find it out.</summary>
internal sealed class Taken(Action tell)
{
    private int _isSet;

    /// <summary>True once it was set.</summary>
    public bool IsSet => Volatile.Read(ref _isSet) != 0;

    /// <summary>Sets it, and tells it the first time.</summary>
    public void Set()
    {
        if (Interlocked.Exchange(ref _isSet, 1) == 0) tell();
    }
}
