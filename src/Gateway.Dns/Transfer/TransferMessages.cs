using Gateway.Dns.Tsig;
using Gateway.Dns.Wire;

namespace Gateway.Dns.Transfer;

/// <summary>
/// The messages of a transfer, one after the other as they are asked for: each filled up to 16 KiB, where every name can still be
/// pointed to, and signed when the request was. One task uses it.
/// </summary>
internal sealed class TransferMessages : IDisposable
{
    /// <summary>Octets of the buffer that <see cref="Next"/> needs: a single record may fill a message alone.</summary>
    public const int BufferLength = 65_535;

    // RFC 1035 section 4.1.4: a pointer has 14 bits.
    private const int FilledLength = MessageWriter.PointerLimit;

    private const int OptLength = 11;

    private readonly byte[] _question;
    private readonly bool _hasOpt;
    private readonly IEnumerator<TransferRecord> _records;
    private readonly SignedRequest? _signature;
    private bool _isOpen;
    private bool _isFirst = true;

    /// <summary>Prepares the messages; nothing is read yet.</summary>
    /// <param name="request">The query that is answered.</param>
    /// <param name="records">What is sent.</param>
    /// <param name="signature">How the request was signed; null for not.</param>
    public TransferMessages(in Request request, IEnumerable<TransferRecord> records, SignedRequest? signature)
    {
        _question = request.Message[..request.QuestionEnd].ToArray();
        _hasOpt = request.Edns.Present;
        _records = records.GetEnumerator();
        _signature = signature;
        _isOpen = _records.MoveNext();
    }

    /// <summary>Writes the next message. Returns its length; 0 when there was one before and that was the last.</summary>
    /// <param name="message">Holds <see cref="BufferLength"/> octets.</param>
    /// <param name="now">Seconds since 1970, for the signature.</param>
    public int Next(Span<byte> message, long now)
    {
        if (!_isOpen) return 0;
        var length = WriteHead(message);
        var count = 0;
        var ownerAt = 0;
        var owner = default(ReadOnlySpan<byte>);
        do
        {
            var record = _records.Current;
            var isSameOwner = ownerAt > 0 && owner.SequenceEqual(record.Owner);
            if (count > 0 && length + record.Owner.Length + record.Length > FilledLength) break;
            if (!isSameOwner) ownerAt = record.Owner.IsEmpty ? Request.HeaderLength : length;
            owner = record.Owner;
            length = Append(message, length, record, ownerAt);
            count++;
            _isOpen = _records.MoveNext();
        }
        while (_isOpen);
        Octets.Write16(message, 6, count);
        return Finish(message, length, now);
    }

    /// <inheritdoc/>
    public void Dispose() => _records.Dispose();

    private int WriteHead(Span<byte> message)
    {
        _question.CopyTo(message);
        // QR and AA; opcode and RD come back.
        Octets.Write16(message, 2, 0x8400 | (Octets.Read16(_question, 2) & 0x7900));
        message[6..Request.HeaderLength].Clear();
        return _question.Length;
    }

    private static int Append(Span<byte> message, int length, TransferRecord record, int ownerAt)
    {
        if (ownerAt == length)
        {
            record.Owner.CopyTo(message[length..]);
            length += record.Owner.Length;
            ownerAt = Request.HeaderLength;
        }

        Octets.Write16(message, length, 0xC000 | ownerAt);
        record.Body.CopyTo(message[(length + TransferRecord.OwnerLength)..]);
        return length + record.Length;
    }

    private int Finish(Span<byte> message, int length, long now)
    {
        // RFC 5936 section 2.2.5: one in the first message says what there is to say.
        if (_hasOpt && _isFirst) length = AppendOpt(message, length);
        _isFirst = false;
        return _signature?.Sign(message, length, now) ?? length;
    }

    private static int AppendOpt(Span<byte> message, int length)
    {
        // The root, type 41, 1,232 octets, no version, flags or options.
        ((ReadOnlySpan<byte>)[0, 0, 41, 0x04, 0xD0, 0, 0, 0, 0, 0, 0]).CopyTo(message[length..]);
        Octets.Write16(message, 10, Octets.Read16(message, 10) + 1);
        return length + OptLength;
    }
}
