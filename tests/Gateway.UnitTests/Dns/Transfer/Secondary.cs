using System.Buffers.Binary;
using System.Text;
using Gateway.Dns.Transfer;
using Gateway.Dns.Wire;
using Gateway.Dns.Zones;
using Gateway.Model;
using Xunit;

namespace Gateway.UnitTests.Dns.Transfer;

/// <summary>A secondary as RFC 5936 and RFC 1995 describe one, plain and strict: it keeps a zone as a set of records.</summary>
internal sealed class Secondary(DomainName zone)
{
    private const int Soa = 6;

    public HashSet<string> Records { get; private set; } = [];

    public uint Serial { get; private set; }

    /// <summary>Messages of the last transfer.</summary>
    public List<byte[]> Messages { get; } = [];

    /// <summary>True when the last transfer was incremental.</summary>
    public bool WasIncremental { get; private set; }

    public byte[] Query(int type, bool withOpt = false)
    {
        byte[] question = [0x12, 0x34, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, .. zone.Wire, 0, (byte)type, 0, 1];
        if (withOpt) (question[11], question) = (1, [.. question, 0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0]);
        if (type != 251) return question;
        question[9] = 1;
        byte[] serial = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(serial, Serial);
        return [.. question, 0xC0, 12, 0, 6, 0, 1, 0, 0, 0, 0, 0, 22, 0, 0, .. serial, .. new byte[16]];
    }

    /// <summary>Transfers and applies what came.</summary>
    public void Transfer(Gateway.Dns.Transfer.Transfers transfers, ZoneSet zones, int type)
    {
        Assert.True(Request.TryRead(Query(type), out var request));
        Assert.True(transfers.TryOpen(request, zones, System.Net.IPAddress.Loopback, null, out var transfer, out var rcode), rcode.ToString());
        using (transfer) Take(transfer);
    }

    public void Take(Gateway.Dns.Transfer.Transfer transfer)
    {
        var messages = new List<byte[]>();
        var buffer = new byte[TransferMessages.BufferLength];
        for (int length; (length = transfer.Next(buffer, 0)) > 0;) messages.Add(buffer[..length]);
        TakeMessages([.. messages]);
    }

    public void TakeMessages(params byte[][] messages)
    {
        Messages.Clear();
        Messages.AddRange(messages);
        Apply([.. Messages.SelectMany(ReadAnswers)]);
    }

    private void Apply(List<Record> records)
    {
        Assert.Equal(Soa, records[0].Type);
        WasIncremental = records.Count > 1 && records[1].Type == Soa;
        if (records.Count == 1)
        {
            Assert.Equal(Serial, records[0].Serial);
            return;
        }

        Assert.Equal(records[0], records[^1]);
        if (WasIncremental) ApplySteps(records[1..^1]);
        else Records = [.. records[..^1].Select(record => record.Text)];
        if (!WasIncremental) Assert.Equal(records.Count - 1, Records.Count);
        Serial = records[0].Serial;
        Assert.Contains(records[0].Text, Records);
    }

    private void ApplySteps(List<Record> records)
    {
        var adding = true;
        foreach (var record in records)
        {
            if (record.Type == Soa) adding = !adding;
            if (record.Type == Soa && !adding) Assert.Equal(Serial, record.Serial);
            if (record.Type == Soa && adding) Serial = record.Serial;
            Assert.True(adding ? Records.Add(record.Text) : Records.Remove(record.Text), $"{(adding ? "added twice" : "not there")}: {record.Text}");
        }

        Assert.True(adding);
    }

    private IEnumerable<Record> ReadAnswers(byte[] message)
    {
        Assert.Equal([0x12, 0x34, 0x84, 0], message[..4]);
        var at = 12;
        Assert.Equal(zone.ToString(), Name(message, ref at));
        at += 4;
        for (var left = BinaryPrimitives.ReadUInt16BigEndian(message.AsSpan(6)); left > 0; left--)
        {
            var name = Name(message, ref at);
            int type = BinaryPrimitives.ReadUInt16BigEndian(message.AsSpan(at)), length = BinaryPrimitives.ReadUInt16BigEndian(message.AsSpan(at + 8));
            var ttl = BinaryPrimitives.ReadUInt32BigEndian(message.AsSpan(at + 4));
            var rdata = message[(at + 10)..(at + 10 + length)];
            at += 10 + length;
            yield return new Record(type, type == Soa ? BinaryPrimitives.ReadUInt32BigEndian(rdata.AsSpan(length - 20)) : 0, $"{name} {ttl} {type} {Convert.ToHexString(rdata)}");
        }

        var opts = message[10] * 256 + message[11];
        Assert.Equal(message.Length, at + (11 * opts));
    }

    private static string Name(byte[] message, ref int at)
    {
        var text = new StringBuilder();
        var end = -1;
        while (message[at] != 0)
        {
            if (message[at] >= 0xC0)
            {
                if (end < 0) end = at + 2;
                at = ((message[at] & 0x3F) << 8) | message[at + 1];
                continue;
            }

            text.Append(text.Length > 0 ? "." : "").Append(Encoding.Latin1.GetString(message, at + 1, message[at]));
            at += message[at] + 1;
        }

        at = end < 0 ? at + 1 : end;
        return text.ToString();
    }

    private sealed record Record(int Type, uint Serial, string Text);
}
