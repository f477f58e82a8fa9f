using System.Diagnostics.CodeAnalysis;
using Gateway.Store.Files;
using Microsoft.Extensions.Logging;

namespace Gateway.Store;

/// <summary>
/// What Redis held when it was last read whole, kept in a file so that a start without Redis serves it. A file that is damaged
/// in any place is refused as a whole.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "A semaphore whose wait handle nobody asks for holds nothing to dispose.")]
public sealed partial class LastKnownGood
{
    /// <summary>A copy of a hundred thousand values takes a second, and a hundredth of the time is for copies.</summary>
    private static readonly TimeSpan RestOfValue = TimeSpan.FromMilliseconds(1);

    private readonly string _path;
    private readonly ILogger _log;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _oneWriter = new(1);

    /// <summary>Prepares; touches no file.</summary>
    /// <param name="path">The file; another one beside it, with <c>.new</c> added, is used while it is replaced.</param>
    /// <param name="log">Takes the reason when the file cannot be used.</param>
    /// <param name="time">The clock that dates the file; the system's when there is none.</param>
    public LastKnownGood(string path, ILogger log, TimeProvider? time = null)
    {
        _path = Path.GetFullPath(path);
        _log = log;
        _time = time ?? TimeProvider.System;
    }

    /// <summary>
    /// How long a copy of Redis rests after the last one, for the sake of the machine. By what there was to copy and not by the clock: a
    /// Redis that answers slowly costs nothing, and shall not keep what comes after it out of the copy.
    /// </summary>
    public TimeSpan Rest { get; private set; }

    /// <summary>Reads the file. A missing file is no fault: this is the first start.</summary>
    /// <param name="values">Everything that was saved, when the answer is true.</param>
    /// <param name="savedAt">When it was saved.</param>
    public bool TryLoad([NotNullWhen(true)] out IReadOnlyList<StoredValue>? values, out DateTimeOffset savedAt)
    {
        (values, savedAt) = (null, default);
        if (!File.Exists(_path)) return false;
        try
        {
            if (LastKnownGoodFormat.TryDecode(File.ReadAllBytes(_path), out var decoded, out savedAt, out var fault))
            {
                values = decoded;
                return true;
            }

            Refused(_path, fault);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Refused(_path, e.Message);
        }

        return false;
    }

    /// <summary>Replaces the file in one step: whoever reads it, at any moment and after any crash, finds the old or the new one whole.</summary>
    /// <param name="values">Enumerated once, while the file is written.</param>
    /// <param name="stop">Gives up; the old file stands.</param>
    /// <returns>False when it could not be written: the old file stands, and the reason is in the log.</returns>
    public Task<bool> SaveAsync(IEnumerable<StoredValue> values, CancellationToken stop) => SaveAsync(values.ToAsyncEnumerable(), stop);

    /// <summary>The same with values that come while the file is written; an exception of theirs leaves the old file.</summary>
    public async Task<bool> SaveAsync(IAsyncEnumerable<StoredValue> values, CancellationToken stop)
    {
        await _oneWriter.WaitAsync(stop);
        try
        {
            await WriteAsync(values, stop);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            NotSaved(_path, e.Message);
            return false;
        }
        finally
        {
            _oneWriter.Release();
        }
    }

    private async Task WriteAsync(IAsyncEnumerable<StoredValue> values, CancellationToken stop)
    {
        var fresh = _path + ".new";
        var options = new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            Options = FileOptions.Asynchronous,
            // Tunnel secrets are in it.
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        await using (var file = new FileStream(fresh, options))
        {
            Rest = await LastKnownGoodFormat.EncodeAsync(file, values, _time.GetUtcNow(), stop) * RestOfValue;
            file.Flush(flushToDisk: true);
        }

        // The directory is not synchronised: after a power failure either name may win, and both files are whole.
        File.Move(fresh, _path, overwrite: true);
    }

    [LoggerMessage(1301, LogLevel.Error, "The last-known-good file {Path} is not used: {Fault}; it is replaced when Redis answers")]
    private partial void Refused(string path, string fault);

    [LoggerMessage(1302, LogLevel.Warning, "The last-known-good file {Path} was not replaced: {Fault}")]
    private partial void NotSaved(string path, string fault);
}
