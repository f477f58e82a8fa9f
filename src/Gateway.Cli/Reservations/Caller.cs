using Gateway.ExplorerApi;
using Gateway.Model.Crypto;
using Gateway.Model.ExplorerApi;

namespace Gateway.Cli.Reservations;

/// <summary>Somebody at the command line: an explorer, and an identity that may be registered with it.</summary>
internal sealed class Caller : IDisposable
{
    private readonly HttpClient _http = ExplorerClient.CreateHttpClient();

    private Caller(SeedFile file, string path, Uri explorer, TimeProvider time)
    {
        File = file;
        Path = path;
        Time = time;
        Explorer = new ExplorerClient(_http, explorer, ExplorerSigner.User(file.User, file.Identity), time: time);
    }

    public SeedFile File { get; }

    public string Path { get; }

    public TimeProvider Time { get; }

    public ExplorerClient Explorer { get; }

    public Identity Identity => File.Identity;

    /// <summary>The user's id with the explorer.</summary>
    public long User => File.User;

    /// <summary>Reads the seed file and the explorer's address.</summary>
    public static Step<Caller> Open(string path, string explorer, TimeProvider time)
    {
        if (!ExplorerAddress.TryParse(explorer, out var address, out var fault)) return new Outcome.Fault(ExitCode.Usage, fault);
        if (!System.IO.File.Exists(path)) return new Outcome.Fault(ExitCode.Failed, $"There is no identity in '{path}': make one with 'gateway identity new'.");
        return SeedStore.TryLoad(path, out var file, out fault) ? new Caller(file, path, address, time) : new Outcome.Fault(ExitCode.Failed, fault);
    }

    /// <summary>As <see cref="Open"/>, for commands that only a registered user can give.</summary>
    public static Step<Caller> OpenRegistered(string path, string explorer, TimeProvider time)
    {
        var opened = Open(path, explorer, time);
        if (opened.Failed(out _, out var caller) || caller.User > 0) return opened;
        caller.Dispose();
        return new Outcome.Fault(ExitCode.Failed, $"The identity in '{path}' is not registered: do it with 'gateway user register --name … --email …'.");
    }

    /// <summary>Runs what only a registered user can do.</summary>
    public static async Task<Outcome> RunAsync(string path, string explorer, TimeProvider time, Func<Caller, Task<Outcome>> run)
    {
        if (OpenRegistered(path, explorer, time).Failed(out var fault, out var caller)) return fault;
        using var owned = caller;
        return await run(caller);
    }

    /// <summary>The user, if the explorer's entry has the caller's key: with another explorer the same number is somebody else.</summary>
    public Step<User> Is(User user) => string.Equals(user.Pubkey, Identity.PublicKey.Hex, StringComparison.OrdinalIgnoreCase)
        ? user
        : new Outcome.Fault(ExitCode.Refused, $"'{Path}' says user {User}, but with this explorer that is somebody else. Choose the explorer that you registered with (--explorer), or register another identity here (--identity).");

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();
}
