using Gateway.Server;
using Gateway.Server.Operating;
using Xunit;

namespace Gateway.UnitTests.Server;

/// <summary>The token of the admin API and its change.</summary>
[Trait("adv", "R9")]
public sealed class AdminKeyTests : IDisposable
{
    private readonly string _path = Directory.CreateTempSubdirectory("gateway-key-").FullName;
    private readonly FakeTime _time = new();

    public void Dispose() => Directory.Delete(_path, recursive: true);

    [Fact]
    public void After_a_change_both_tokens_are_good_for_a_while_and_then_the_new_one_alone()
    {
        Assert.True(NodeDirectory.TryOpen(_path, out var directory, out _));
        using var owned = directory;
        var key = new AdminKey(directory, _time);
        var former = Shown();
        Assert.True(key.IsShown(former));
        key.Rotate();
        var current = Shown();
        Assert.NotEqual(former, current);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_path, "admin.token")));
        Assert.True(key.IsShown(former));
        Assert.True(key.IsShown(current));
        _time.Advance(AdminKey.Overlap);
        Assert.False(key.IsShown(former));
        Assert.True(key.IsShown(current));
        Assert.False(key.IsShown(null));
        Assert.False(key.IsShown("Bearer "));
    }

    [Fact]
    public void A_second_change_ends_the_first_token_at_once_and_a_restart_knows_the_last_one_alone()
    {
        Assert.True(NodeDirectory.TryOpen(_path, out var directory, out _));
        using var owned = directory;
        var key = new AdminKey(directory, _time);
        var first = Shown();
        key.Rotate();
        var second = Shown();
        key.Rotate();
        Assert.False(key.IsShown(first));
        Assert.True(key.IsShown(second));
        var again = new AdminKey(directory, _time);
        Assert.False(again.IsShown(second));
        Assert.True(again.IsShown(Shown()));
    }

    private string Shown() => "Bearer " + File.ReadAllText(Path.Combine(_path, "admin.token")).Trim();
}
