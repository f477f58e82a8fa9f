using System.Diagnostics.CodeAnalysis;
using Gateway.Model.Crypto;

namespace Gateway.ExplorerApi;

/// <summary>Seed files on disk: read whole, written once, readable by their owner alone.</summary>
public static class SeedStore
{
    /* A mnemonic file has some 250 octets; whatever is larger is something else. */
    private const int MaxLength = 4096;

    /// <summary>Reads a seed file. The fault is one line that names the file and the cure.</summary>
    public static bool TryLoad(string path, [NotNullWhen(true)] out SeedFile? file, out string fault)
    {
        file = null;
        try
        {
            if (new FileInfo(path).Length > MaxLength)
            {
                fault = $"'{path}' is too large to be a seed file.";
                return false;
            }

            if (SeedFile.TryDecode(File.ReadAllBytes(path), out file, out fault)) return true;
            fault = $"'{path}': {fault}";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            fault = $"'{path}' cannot be read: {e.Message}";
        }

        return false;
    }

    /// <summary>
    /// Writes a seed file that must not exist yet, with mode 0600, and makes its directory. Never overwrites an identity. It gets
    /// its name when it is whole: of several processes that make it at once one succeeds, and the others read what that one wrote.
    /// </summary>
    public static bool TryCreate(string path, ReadOnlySpan<byte> content, out string fault)
    {
        var beside = $"{path}.{Path.GetRandomFileName()}.new";
        return !IsTaken(path, out fault) && TryWrite(beside, content, FileMode.CreateNew, out fault) && TryName(beside, path, out fault);
    }

    /// <summary>Writes a seed file again, for example with the user id that the explorer gave: beside it first, then over it.</summary>
    public static bool TryReplace(string path, ReadOnlySpan<byte> content, out string fault)
    {
        var beside = path + ".new";
        if (!TryWrite(beside, content, FileMode.Create, out fault)) return false;
        try
        {
            File.Move(beside, path, overwrite: true);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            fault = $"'{path}' cannot be written: {e.Message}";
            return false;
        }
    }

    /// <summary>Deletes a file that this process has just created for something that came to nothing.</summary>
    public static bool TryDelete(string path, out string fault)
    {
        fault = "";
        try
        {
            File.Delete(path);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            fault = $"'{path}' is of no use and cannot be deleted: {e.Message}";
            return false;
        }
    }

    private static bool IsTaken(string path, out string fault)
    {
        fault = File.Exists(path) ? $"'{path}' exists already: a seed or secret file is never overwritten. Name another file, or move this one away." : "";
        return fault.Length > 0;
    }

    /// <summary>Gives a whole file its name and takes it from the one beside it.</summary>
    private static bool TryName(string beside, string path, out string fault)
    {
        fault = "";
        try
        {
            // Where there are no hard links, no one step names a file and replaces none: there the look before it has to do.
            if (HardLink.TryCreate(beside, path)) return TryDelete(beside, out fault);
            if (!IsTaken(path, out fault)) File.Move(beside, path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            fault = $"'{path}' cannot be written: {e.Message}";
        }

        if (fault.Length > 0) TryDelete(beside, out _);
        return fault.Length == 0;
    }

    private static bool TryWrite(string path, ReadOnlySpan<byte> content, FileMode mode, out string fault)
    {
        fault = "";
        try
        {
            if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder && !Directory.Exists(folder))
                Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            using var stream = new FileStream(path, new FileStreamOptions { Mode = mode, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite });
            stream.Write(content);
            stream.Flush(flushToDisk: true);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            fault = $"'{path}' cannot be written: {e.Message}";
        }

        return false;
    }
}
