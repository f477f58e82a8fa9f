using Gateway.IntegrationTests.Support;
using Xunit;

namespace Gateway.IntegrationTests.Reconciler;

/// <summary>Tests that begin with an empty Redis and a fake explorer that knows user 7.</summary>
public abstract class RigTests(RedisFixture redis) : IClassFixture<RedisFixture>, IAsyncLifetime
{
    /// <summary>The Redis of the test class.</summary>
    protected RedisFixture Redis { get; } = redis;

    private protected FakeExplorer Explorer { get; private set; } = null!;

    /// <inheritdoc/>
    public virtual async ValueTask InitializeAsync()
    {
        await Redis.FlushAsync();
        Explorer = await FakeExplorer.StartAsync();
        Explorer.AddUser(7, Rig.User7);
    }

    /// <inheritdoc/>
    public virtual async ValueTask DisposeAsync()
    {
        await Explorer.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}
