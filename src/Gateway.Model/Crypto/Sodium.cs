using System.Reflection;
using System.Runtime.InteropServices;

namespace Gateway.Model.Crypto;

/// <summary>
/// The few functions of libsodium (1.0.18 or later) that the contract needs; .NET has neither Ed25519 nor secretbox.
/// The library is found by its run-time name, so that no development package is needed.
/// </summary>
public static unsafe partial class Sodium
{
    private const string Library = "libsodium";

    private const string Missing = "The library libsodium was not found. Install it with: apt-get install libsodium23";

    // Debian 11 to 13 ship .23, later upstream versions .26; the bare names are for other systems.
    private static readonly string[] Names = ["libsodium.so.23", "libsodium.so.26", "libsodium.so", "libsodium"];

    static Sodium() => NativeLibrary.SetDllImportResolver(typeof(Sodium).Assembly, Resolve);

    /// <summary>True when the library is there. A program that needs it asks once at start, to name the cure and not to fail later.</summary>
    public static bool TryLoad(out string fault)
    {
        fault = TryOpen(typeof(Sodium).Assembly, null, out _) ? "" : Missing;
        return fault.Length == 0;
    }

    [LibraryImport(Library, EntryPoint = "crypto_sign_seed_keypair")]
    internal static partial int SignSeedKeyPair(Span<byte> publicKey, Span<byte> privateKey, ReadOnlySpan<byte> seed);

    [LibraryImport(Library, EntryPoint = "crypto_sign_detached")]
    internal static partial int SignDetached(Span<byte> signature, nint signatureLength, ReadOnlySpan<byte> message, ulong messageLength, ReadOnlySpan<byte> privateKey);

    [LibraryImport(Library, EntryPoint = "crypto_sign_verify_detached")]
    internal static partial int SignVerifyDetached(ReadOnlySpan<byte> signature, ReadOnlySpan<byte> message, ulong messageLength, ReadOnlySpan<byte> publicKey);

    [LibraryImport(Library, EntryPoint = "crypto_sign_ed25519_pk_to_curve25519")]
    internal static partial int PublicToCurve25519(Span<byte> curve, ReadOnlySpan<byte> publicKey);

    [LibraryImport(Library, EntryPoint = "crypto_sign_ed25519_sk_to_curve25519")]
    internal static partial int PrivateToCurve25519(Span<byte> curve, ReadOnlySpan<byte> privateKey);

    [LibraryImport(Library, EntryPoint = "crypto_scalarmult_curve25519")]
    internal static partial int ScalarMult(Span<byte> product, ReadOnlySpan<byte> scalar, ReadOnlySpan<byte> point);

    [LibraryImport(Library, EntryPoint = "crypto_scalarmult_curve25519_base")]
    internal static partial int ScalarMultBase(Span<byte> product, ReadOnlySpan<byte> scalar);

    [LibraryImport(Library, EntryPoint = "crypto_generichash")]
    internal static partial int GenericHash(Span<byte> hash, nuint hashLength, ReadOnlySpan<byte> message, ulong messageLength, nint key, nuint keyLength);

    [LibraryImport(Library, EntryPoint = "crypto_secretbox_easy")]
    internal static partial int SecretBox(Span<byte> cipher, ReadOnlySpan<byte> plain, ulong plainLength, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> key);

    [LibraryImport(Library, EntryPoint = "crypto_secretbox_open_easy")]
    internal static partial int SecretBoxOpen(Span<byte> plain, ReadOnlySpan<byte> cipher, ulong cipherLength, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> key);

    [LibraryImport(Library, EntryPoint = "crypto_box_seal")]
    internal static partial int BoxSeal(Span<byte> cipher, ReadOnlySpan<byte> plain, ulong plainLength, ReadOnlySpan<byte> publicKey);

    [LibraryImport(Library, EntryPoint = "crypto_box_seal_open")]
    internal static partial int BoxSealOpen(Span<byte> plain, ReadOnlySpan<byte> cipher, ulong cipherLength, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> privateKey);

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        if (name != Library) return 0;
        return TryOpen(assembly, path, out var handle) ? handle : throw new DllNotFoundException(Missing);
    }

    private static bool TryOpen(Assembly assembly, DllImportSearchPath? path, out nint handle)
    {
        foreach (var name in Names)
        {
            if (!NativeLibrary.TryLoad(name, assembly, path, out handle)) continue;
            // Chooses the fastest code for this processor; calling it again changes nothing.
            ((delegate* unmanaged[Cdecl]<int>)NativeLibrary.GetExport(handle, "sodium_init"))();
            return true;
        }

        handle = 0;
        return false;
    }
}
