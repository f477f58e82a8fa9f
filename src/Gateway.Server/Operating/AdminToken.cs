using System.Security.Cryptography;
using System.Text;
using Gateway.Model;

namespace Gateway.Server.Operating;

/// <summary>The token of the admin API: a file of the state directory that only the node's user can read (mode 0600).</summary>
internal static class AdminToken
{
    /// <summary>The file's name in the state directory.</summary>
    public const string FileName = "admin.token";

    private const int Bytes = 32;
    private const string Scheme = "Bearer ";

    /// <summary>Reads the token, or makes one at the first start. <see cref="AdminKey"/> changes it.</summary>
    public static Secret Take(NodeDirectory directory)
    {
        var path = directory.File(FileName);
        return File.Exists(path) && File.ReadAllText(path).Trim() is { Length: >= Bytes } kept ? new Secret(kept) : Renew(directory);
    }

    /// <summary>Makes a token and puts it into the file, in the place of the one that is there.</summary>
    public static Secret Renew(NodeDirectory directory)
    {
        var made = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(Bytes));
        // Beside it first: who reads the file sees one of the two tokens whole.
        var beside = directory.File(FileName + ".new");
        File.Delete(beside);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite };
        using (var file = new FileStream(beside, options)) file.Write(Encoding.ASCII.GetBytes(made + "\n"));
        File.Move(beside, directory.File(FileName), overwrite: true);
        return new Secret(made);
    }

    /// <summary>True when the header <c>Authorization</c> shows the token; compares in constant time.</summary>
    public static bool IsShown(string? authorization, Secret token) =>
        authorization is not null && authorization.StartsWith(Scheme, StringComparison.Ordinal) && new Secret(authorization[Scheme.Length..].Trim()) == token;
}
