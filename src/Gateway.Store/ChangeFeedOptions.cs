namespace Gateway.Store;

/// <summary>How the change feed behaves. The defaults are meant for production.</summary>
public sealed class ChangeFeedOptions
{
    /// <summary>Time between full comparisons of one reader; up to a tenth is added at random, so that nodes do not compare in step.</summary>
    public TimeSpan CompareEvery { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>The same while a reader holds what Redis lost: often enough to notice soon that it is back.</summary>
    public TimeSpan CompareWhileHolding { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>How long writes by others are gathered before their keys are read again.</summary>
    public TimeSpan Coalesce { get; set; } = TimeSpan.FromMilliseconds(10);
}
