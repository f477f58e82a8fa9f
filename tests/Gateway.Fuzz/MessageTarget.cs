using Gateway.Dns.Forwarding;
using Gateway.Dns.Notify;
using Gateway.Dns.Tsig;
using Gateway.Dns.Wire;
using Gateway.Model;

namespace Gateway.Fuzz;

/// <summary>Everything that reads a message: queries, signatures, answers of upstreams and of secondaries.</summary>
internal sealed class MessageTarget : FuzzTarget
{
    private const long Now = 1_000_000;

    public override string Name => "message";

    public override IReadOnlyList<byte[]> Seeds => SampleMessages.All;

    public override string? Broken(ReadOnlySpan<byte> input)
    {
        if (Request.TryRead(input, out var request) && BrokenBy(request, input) is { } broken) return broken;
        if (TsigRecord.Read(input, out var record) == TsigPresence.Found && (record.Start < Request.HeaderLength || record.Start >= input.Length)) return "a signature outside the message";
        if (SignedRequest.TryRead(input, SampleMessages.Keys, Now, out var signed) && signed is { Worth: not SignatureWorth.Good })
            if (signed.Refuse(input, new byte[1_024], Now) is < Request.HeaderLength or > 1_024) return "a refusal of an impossible length";
        NotifyMessage.TryReadAnswer(input, out _, out _);
        return BrokenUpstream(input);
    }

    private static string? BrokenBy(in Request request, ReadOnlySpan<byte> input)
    {
        if (input.Length < Request.HeaderLength || (input[2] & 0x80) != 0) return "a request that is none";
        if (request.QuestionEnd > input.Length) return "a question that ends outside the message";
        if (request.NameLength == 0) return null;
        Span<byte> wire = stackalloc byte[NamePath.WireSpace], starts = stackalloc byte[NamePath.LabelSpace];
        Span<uint> hashes = stackalloc uint[NamePath.LabelSpace];
        if (!NamePath.TryRead(request.Name, wire, starts, hashes, out var path)) return "a question's name that is no name";
        if (path.Wire.Length != request.NameLength || path.Labels > 127) return "a name that was read two ways";
        return DomainName.TryFromWire(request.Name, out var name) && name.LabelCount == path.Labels ? null : "a name that the model reads otherwise";
    }

    private static string? BrokenUpstream(ReadOnlySpan<byte> input)
    {
        if (input.Length < Request.HeaderLength) return null;
        // The ID and the question are its own, as if we had asked just that.
        var reader = new MessageReader(input, Request.HeaderLength);
        var length = reader.SkipPlainName() + 4;
        if (length == 4 || Request.HeaderLength + length > input.Length) return null;
        if (!UpstreamAnswer.TryRead(input, (ushort)Octets.Read16(input, 0), input.Slice(Request.HeaderLength, length), out var answer)) return null;
        return answer.Records.Length <= input.Length - Request.HeaderLength - length ? null : "records outside the message";
    }
}
