namespace Gateway.IntegrationTests.Support;

/// <summary>Generous ends to waits that should be short.</summary>
public static class Deadline
{
    public static CancellationToken Generous => new CancellationTokenSource(TimeSpan.FromSeconds(60)).Token;
}
