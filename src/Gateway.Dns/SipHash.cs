using System.Buffers.Binary;
using System.Numerics;

namespace Gateway.Dns;

/// <summary>SipHash-2-4 with a 64-bit result (Aumasson and Bernstein 2012), which RFC 9018 names for cookies.</summary>
internal static class SipHash
{
    /// <summary>Octets of a key.</summary>
    public const int KeyLength = 16;

    /// <summary>The hash, as a number whose little-endian octets are the hash of the paper.</summary>
    public static ulong Compute(ReadOnlySpan<byte> key, ReadOnlySpan<byte> message)
    {
        ulong k0 = BinaryPrimitives.ReadUInt64LittleEndian(key), k1 = BinaryPrimitives.ReadUInt64LittleEndian(key[8..]);
        var state = new State(k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573);
        var last = (ulong)message.Length << 56;
        for (; message.Length >= 8; message = message[8..]) state.Absorb(BinaryPrimitives.ReadUInt64LittleEndian(message));
        for (var i = 0; i < message.Length; i++) last |= (ulong)message[i] << (8 * i);
        state.Absorb(last);
        return state.Finish();
    }

    private struct State(ulong v0, ulong v1, ulong v2, ulong v3)
    {
        private ulong _v0 = v0, _v1 = v1, _v2 = v2, _v3 = v3;

        public void Absorb(ulong word)
        {
            _v3 ^= word;
            Round();
            Round();
            _v0 ^= word;
        }

        public ulong Finish()
        {
            _v2 ^= 0xff;
            for (var i = 0; i < 4; i++) Round();
            return _v0 ^ _v1 ^ _v2 ^ _v3;
        }

        private void Round()
        {
            _v0 += _v1;
            _v2 += _v3;
            _v1 = BitOperations.RotateLeft(_v1, 13) ^ _v0;
            _v3 = BitOperations.RotateLeft(_v3, 16) ^ _v2;
            _v0 = BitOperations.RotateLeft(_v0, 32);
            _v2 += _v1;
            _v0 += _v3;
            _v1 = BitOperations.RotateLeft(_v1, 17) ^ _v2;
            _v3 = BitOperations.RotateLeft(_v3, 21) ^ _v0;
            _v2 = BitOperations.RotateLeft(_v2, 32);
        }
    }
}
