using System.Security.Cryptography;
using Gateway.Model;

namespace Gateway.Reconciler;

/// <summary>The pauses between attempts at one thing; its owner says when an attempt worked.</summary>
/// <param name="first">The bound of the first pause.</param>
/// <param name="longest">Where the bound stops to double.</param>
internal sealed class Pauses(TimeSpan first, TimeSpan longest)
{
    private int _failures;

    /// <summary>The next pause; never zero, so that a loop cannot spin.</summary>
    public TimeSpan Next() => BackOff.Pause(++_failures, first, longest, RandomNumberGenerator.GetInt32(1, 1001) / 1000.0);

    /// <summary>It worked: the next pause is a short one again.</summary>
    public void Reset() => _failures = 0;
}
