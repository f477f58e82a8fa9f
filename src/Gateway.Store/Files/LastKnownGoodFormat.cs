using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Gateway.Store.Files;

/// <summary>
/// The bytes of a last-known-good file, integers little-endian: the mark <c>gwlkg</c> and three bytes of version; when it was
/// saved (Unix milliseconds, 8); then for each value a 1, and key, field and value, each as length (4; the field's −1 for none)
/// and bytes; a 0; and the SHA-256 of everything before it.
/// </summary>
internal static class LastKnownGoodFormat
{
    private const int NoField = -1;
    private const byte More = 1;
    private const byte End = 0;

    // Written in pieces of about this size, hashed on the way.
    private const int PieceSize = 256 * 1024;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private static ReadOnlySpan<byte> Mark => "gwlkg001"u8;

    /// <summary>Writes the values, and gives how many they were.</summary>
    internal static async Task<int> EncodeAsync(Stream file, IAsyncEnumerable<StoredValue> values, DateTimeOffset savedAt, CancellationToken stop)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var piece = new MemoryStream(PieceSize);
        piece.Write(Mark);
        WriteInteger(piece, savedAt.ToUnixTimeMilliseconds());
        var count = 0;
        await foreach (var value in values.WithCancellation(stop))
        {
            count++;
            Write(piece, value);
            if (piece.Length >= PieceSize) await DrainAsync();
        }

        piece.WriteByte(End);
        await DrainAsync();
        await file.WriteAsync(hash.GetHashAndReset(), stop);
        return count;

        async Task DrainAsync()
        {
            var bytes = piece.GetBuffer().AsMemory(0, (int)piece.Length);
            hash.AppendData(bytes.Span);
            await file.WriteAsync(bytes, stop);
            piece.SetLength(0);
        }
    }

    /// <summary>Everything, or a reason in one phrase why nothing.</summary>
    internal static bool TryDecode(
        ReadOnlyMemory<byte> file,
        [NotNullWhen(true)] out List<StoredValue>? values,
        out DateTimeOffset savedAt,
        [NotNullWhen(false)] out string? fault)
    {
        (values, savedAt, fault) = (null, default, FaultOf(file.Span));
        if (fault is not null) return false;
        var reader = new LastKnownGoodReader(file[Mark.Length..^SHA256.HashSizeInBytes]);
        var milliseconds = reader.Long();
        var read = new List<StoredValue>();
        byte mark;
        while ((mark = reader.Byte()) == More)
        {
            var (key, field, value) = (reader.Text(), reader.OptionalText(), reader.Bytes());
            if (reader.Ok) read.Add(new StoredValue(key, field, value));
        }

        if (mark != End || !reader.EndsHere || milliseconds is < 0 or > MaxMilliseconds)
        {
            fault = "its parts do not fit together although its checksum does: it was written by a faulty program";
            return false;
        }

        (values, savedAt) = (read, DateTimeOffset.FromUnixTimeMilliseconds(milliseconds));
        return true;
    }

    // The end of the year 9999, where DateTimeOffset ends.
    private const long MaxMilliseconds = 253_402_300_799_999;

    private static string? FaultOf(ReadOnlySpan<byte> file)
    {
        if (file.Length < Mark.Length + sizeof(long) + 1 + SHA256.HashSizeInBytes) return $"it is cut short ({file.Length} bytes)";
        if (!file.StartsWith(Mark[..5])) return "it is another kind of file";
        if (!file.StartsWith(Mark)) return $"it is of another version ({Encoding.ASCII.GetString(file[5..8])})";
        return SHA256.HashData(file[..^SHA256.HashSizeInBytes]).AsSpan().SequenceEqual(file[^SHA256.HashSizeInBytes..]) ? null : "its checksum is wrong: it is damaged";
    }

    private static void Write(MemoryStream piece, StoredValue value)
    {
        piece.WriteByte(More);
        WriteBytes(piece, StrictUtf8.GetBytes(value.Key));
        if (value.Field is null) WriteInteger(piece, NoField);
        else WriteBytes(piece, StrictUtf8.GetBytes(value.Field));
        WriteBytes(piece, value.Value.Span);
    }

    private static void WriteBytes(MemoryStream piece, ReadOnlySpan<byte> bytes)
    {
        WriteInteger(piece, bytes.Length);
        piece.Write(bytes);
    }

    private static void WriteInteger(MemoryStream piece, int number)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, number);
        piece.Write(bytes);
    }

    private static void WriteInteger(MemoryStream piece, long number)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, number);
        piece.Write(bytes);
    }
}
