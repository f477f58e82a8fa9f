namespace Gateway.EndToEndTests.Support;

/// <summary>A directory that goes with the test.</summary>
internal sealed class TemporaryDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("gateway-").FullName;

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose()
    {
        KeptLogs.NoteSecretsIn(Path);
        Directory.Delete(Path, recursive: true);
    }
}
