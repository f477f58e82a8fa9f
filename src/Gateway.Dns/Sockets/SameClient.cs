using System.Runtime.CompilerServices;
using static Gateway.Dns.Sockets.DatagramCalls;

namespace Gateway.Dns.Sockets;

/// <summary>
/// Puts the answers of one batch in order: those to one client socket beside each other, the longest first. A busy resolver's
/// questions come many at a time, and what goes to one socket may leave as one message (see <see cref="DatagramBatch"/>).
/// </summary>
internal sealed unsafe class SameClient
{
    private const int TableSize = 2 * DatagramBatch.Size;
    private const short None = -1;

    // Of each client: its first answer. Of each answer: the next one of its client.
    private readonly short[] _table = new short[TableSize];
    private readonly short[] _first = new short[DatagramBatch.Size];
    private readonly short[] _next = new short[DatagramBatch.Size];
    private readonly Message*[] _queries = new Message*[DatagramBatch.Size];
    private readonly int[] _lengths = new int[DatagramBatch.Size];
    private int _answers;

    /// <summary>Clients that have an answer; each is a number from 0 on.</summary>
    public int Clients { get; private set; }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        Array.Fill(_table, None);
        (_answers, Clients) = (0, 0);
    }

    /// <summary>Takes the next answer.</summary>
    /// <param name="query">What it answers; names the client and which address of ours it asked.</param>
    /// <param name="length">Octets of the answer.</param>
    public void Add(Message* query, int length)
    {
        var answer = (short)_answers++;
        _queries[answer] = query;
        _lengths[answer] = length;
        ref var place = ref _first[ClientOf(query)];
        while (place != None && _lengths[place] > length) place = ref _next[place];
        _next[answer] = place;
        place = answer;
    }

    /// <summary>The first answer of a client: the longest one.</summary>
    public int First(int client) => _first[client];

    /// <summary>The answer of the same client after this one, no longer than this one; -1 when it was the last.</summary>
    public int Next(int answer) => _next[answer];

    /// <summary>Octets of an answer.</summary>
    public int Length(int answer) => _lengths[answer];

    /// <summary>What an answer answers.</summary>
    public Message* Query(int answer) => _queries[answer];

    private int ClientOf(Message* query)
    {
        for (var at = HashOf(query) % TableSize; ; at = (at + 1) % TableSize)
        {
            var client = _table[at];
            if (client == None)
            {
                client = _table[at] = (short)Clients++;
                _first[client] = None;
                return client;
            }

            if (IsSame(query, _queries[_first[client]])) return client;
        }
    }

    // The first eight octets of a socket address are family, port and, for IPv4, the address; IPv6 addresses differ at the end.
    private static uint HashOf(Message* query)
    {
        var start = Unsafe.ReadUnaligned<ulong>(query->Address);
        if (query->AddressLength > 16) start ^= Unsafe.ReadUnaligned<ulong>(query->Address + 16);
        return (uint)((start * 0x9E3779B97F4A7C15) >> 32);
    }

    private static bool IsSame(Message* one, Message* other) =>
        new ReadOnlySpan<byte>(one->Address, (int)one->AddressLength).SequenceEqual(new(other->Address, (int)other->AddressLength))
        && new ReadOnlySpan<byte>(one->Control, (int)one->ControlLength).SequenceEqual(new(other->Control, (int)other->ControlLength));
}
