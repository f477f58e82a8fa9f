using System.Text;
using Gateway.IntegrationTests.Support;
using Gateway.Store;
using Xunit;

namespace Gateway.IntegrationTests.Store;

public sealed class LastKnownGoodTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("gateway-lkg-").FullName;
    private readonly KeptLog _log = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private string File => Path.Combine(_directory, "zones");

    public void Dispose()
    {
        Directory.Delete(_directory, recursive: true);
        _log.Dispose();
    }

    [Fact]
    public async Task What_was_saved_last_is_loaded_and_lies_there_for_the_owner_alone()
    {
        var before = TimeProvider.System.GetUtcNow();
        Assert.True(await New().SaveAsync([Value("old")], Stop));
        Assert.True(await New().SaveAsync([Value("new")], Stop));
        Assert.True(New().TryLoad(out var values, out var savedAt));
        Assert.Equal("new", Encoding.UTF8.GetString(Assert.Single(values).Value.Span));
        Assert.InRange(savedAt, before.AddMilliseconds(-1), TimeProvider.System.GetUtcNow());
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(File));
        Assert.Equal([File], Directory.GetFiles(_directory));
    }

    [Fact]
    public void A_first_start_has_nothing_to_load_and_nothing_to_complain_of()
    {
        Assert.False(New().TryLoad(out _, out _));
        Assert.Empty(_log.Lines);
    }

    [Fact]
    [Trait("adv", "R7")]
    public async Task A_damaged_file_is_refused_with_its_reason_and_replaced_by_the_next_save()
    {
        Assert.True(await New().SaveAsync([Value("a"), Value("b")], Stop));
        var bytes = await System.IO.File.ReadAllBytesAsync(File, Stop);
        bytes[20] ^= 1;
        await System.IO.File.WriteAllBytesAsync(File, bytes, Stop);
        Assert.False(New().TryLoad(out var values, out _));
        Assert.Null(values);
        Assert.Equal([$"Error: The last-known-good file {File} is not used: its checksum is wrong: it is damaged; it is replaced when Redis answers"], _log.Lines);
        Assert.True(await New().SaveAsync([Value("c")], Stop));
        Assert.True(New().TryLoad(out _, out _));
    }

    [Fact]
    [Trait("adv", "R7")]
    public async Task A_save_that_breaks_off_leaves_the_old_file()
    {
        Assert.True(await New().SaveAsync([Value("old")], Stop));
        await Assert.ThrowsAsync<InvalidOperationException>(() => New().SaveAsync(Breaking(), Stop));
        Assert.True(New().TryLoad(out var values, out _));
        Assert.Equal("old", Encoding.UTF8.GetString(Assert.Single(values).Value.Span));

        static IEnumerable<StoredValue> Breaking()
        {
            for (var i = 0; i < 10_000; i++) yield return Value(new string('x', 100));
            throw new InvalidOperationException("killed here");
        }
    }

    [Fact]
    [Trait("adv", "O3")]
    public async Task A_full_disk_is_a_warning_and_the_old_file_stands()
    {
        Assert.True(await New().SaveAsync([Value("old")], Stop));
        System.IO.File.CreateSymbolicLink(File + ".new", "/dev/full");
        Assert.False(await New().SaveAsync([Value("new")], Stop));
        Assert.Equal([$"Warning: The last-known-good file {File} was not replaced: No space left on device : '{File}.new'"], _log.Lines);
        Assert.True(New().TryLoad(out var values, out _));
        Assert.Equal("old", Encoding.UTF8.GetString(Assert.Single(values).Value.Span));
    }

    [Fact]
    public async Task Two_saves_at_once_leave_one_of_them_whole()
    {
        var file = New();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(i => file.SaveAsync(Enumerable.Repeat(Value($"{i}"), 1000), Stop)));
        Assert.True(New().TryLoad(out var values, out _));
        Assert.Equal(1000, values.Count);
        Assert.Single(values.Select(value => Encoding.UTF8.GetString(value.Value.Span)).Distinct());
    }

    private static StoredValue Value(string text) => new("zone.", "www", Encoding.UTF8.GetBytes(text));

    private LastKnownGood New() => new(File, _log);
}
