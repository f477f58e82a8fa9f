using System.Diagnostics.CodeAnalysis;

namespace Gateway.Model.Replies;

/// <summary>What a name server or a resolver answered. A peer cannot make the reading throw: what does not fit is no reply.</summary>
/// <param name="Code">The response code: one of the constants here, or another (RFC 1035 section 4.1.1).</param>
/// <param name="IsAuthoritative">The server answers for a zone of its own.</param>
/// <param name="IsTruncated">There is more, which has to be asked for by TCP; the sections hold what came.</param>
/// <param name="Answers">The answer section.</param>
/// <param name="Authority">The authority section.</param>
/// <param name="Additional">The additional section.</param>
public sealed record DnsReply(int Code, bool IsAuthoritative, bool IsTruncated, IReadOnlyList<DnsRecord> Answers, IReadOnlyList<DnsRecord> Authority, IReadOnlyList<DnsRecord> Additional)
{
    /// <summary>An answer, perhaps an empty one.</summary>
    public const int NoError = 0;

    /// <summary>The server cannot answer.</summary>
    public const int ServerFailure = 2;

    /// <summary>The name does not exist.</summary>
    public const int NameError = 3;

    /// <summary>The server does not want to answer.</summary>
    public const int Refused = 5;

    /// <summary>
    /// Reads a message that came back. False when it is not the reply to this query (RFC 5452 section 9.1: the same number and the same
    /// question, in whatever case), or malformed.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> message, ReadOnlySpan<byte> query, [NotNullWhen(true)] out DnsReply? reply)
    {
        reply = null;
        if (message.Length < DnsQuestion.HeaderLength || !message[..2].SequenceEqual(query[..2]) || (message[2] & 0x80) == 0) return false;
        var (code, isTruncated) = (message[3] & 15, (message[2] & 2) != 0);
        var reader = new DnsReplyReader(message, DnsQuestion.HeaderLength);
        if (!reader.SkipQuestion(query, mayBeMissing: code != NoError)) return false;
        var (answers, authority, additional) = (reader.Section(6), reader.Section(8), reader.Section(10));
        if (!reader.Ok && !isTruncated) return false;
        reply = new DnsReply(code, (message[2] & 4) != 0, isTruncated, answers, authority, additional);
        return true;
    }
}
