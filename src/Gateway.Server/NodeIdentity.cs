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
        // Roles that start together share one file: whoever comes second takes what the first one made.
        if (!File.Exists(path) && !SeedStore.TryCreate(path, new SeedFile(Identity.Create(), 0).EncodeForGateway(), out fault) && !File.Exists(path)) return false;
        if (SeedStore.TryLoad(path, out var file, out fault)) identity = file.Identity;
        else fault = "seed: " + fault;
        return identity is not null;
    }
}
