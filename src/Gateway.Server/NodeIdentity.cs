using System.Diagnostics.CodeAnalysis;
using Gateway.ExplorerApi;
using Gateway.Model.Crypto;
using Gateway.Server.Options;

namespace Gateway.Server;

/// <summary>The node's key pair: read from its seed file, or made at the first start.</summary>
internal static class NodeIdentity
{
    /// <summary>Where the seed file is, or will be.</summary>
    public static string PathOf(NodeOptions options, NodeDirectory directory) => options.Seed.Length > 0 ? options.Seed : directory.File("identity.seed");

    /// <summary>The fault names the file and what to do.</summary>
    public static bool TryTake(NodeOptions options, NodeDirectory directory, [NotNullWhen(true)] out Identity? identity, out string fault)
    {
        identity = null;
        var path = PathOf(options, directory);
        if (File.Exists(path))
        {
            if (SeedStore.TryLoad(path, out var file, out fault)) identity = file.Identity;
            else fault = "seed: " + fault;
            return identity is not null;
        }

        var made = Identity.Create();
        if (!SeedStore.TryCreate(path, new SeedFile(made, 0).EncodeForGateway(), out fault)) return false;
        identity = made;
        return true;
    }
}
