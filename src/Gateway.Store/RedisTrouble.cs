namespace Gateway.Store;

/// <summary>What was last wrong with Redis, for health pages: also what mended itself within a moment.</summary>
/// <param name="At">When it was found.</param>
/// <param name="What">What it was, in one phrase.</param>
public sealed record RedisTrouble(DateTimeOffset At, string What);
