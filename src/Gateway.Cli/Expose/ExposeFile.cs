using System.Text.Json;

namespace Gateway.Cli.Expose;

/// <summary>
/// Several services in one client, from a JSON file: <c>remotes</c> (and <c>pin</c>, <c>backoff</c>, <c>heartbeat</c>, <c>log_visits</c>) for all, and <c>services</c>, each with
/// <c>name</c>, <c>targets</c> and <c>secret_file</c>, and whatever it has of its own: <c>remotes</c>, <c>pin</c>, <c>proxy_protocol</c>, <c>direct</c>.
/// </summary>
internal static class ExposeFile
{
    private static readonly JsonDocumentOptions Friendly = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };
    private static readonly string[] Common = ["remotes", "pin", "backoff", "heartbeat", "log_visits"];
    private static readonly string[] OfService = ["name", "targets", "secret_file", "remotes", "pin", "backoff", "heartbeat", "log_visits", "proxy_protocol", "direct"];

    /// <summary>Reads and checks it; every fault is named at once. Paths in it are relative to its directory.</summary>
    public static Step<IReadOnlyList<TunnelClientOptions>> Read(string path)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path), Friendly);
            return Read(document.RootElement, Path.GetDirectoryName(Path.GetFullPath(path))!, path);
        }
        catch (JsonException e)
        {
            return Fault($"{path}:{e.LineNumber + 1}: not valid JSON.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new Outcome.Fault(ExitCode.Failed, $"'{path}' cannot be read: {e.Message}");
        }
    }

    private static Step<IReadOnlyList<TunnelClientOptions>> Read(JsonElement root, string directory, string path)
    {
        var faults = new List<string>();
        var services = new List<TunnelClientOptions>();
        var common = new Members(root, [.. Common, "services"], "", faults);
        foreach (var element in common.Objects("services"))
        {
            var own = new Members(element, OfService, $"services[{services.Count}]", faults);
            if (Arguments(own, common, directory).Check().Failed(out var fault, out var options)) faults.Add($"{own.Label}: {fault.Message}");
            services.Add(options ?? null!);
        }

        if (services.Count == 0 && faults.Count == 0) faults.Add("it names no services.");
        foreach (var twice in services.Where(service => service is not null).GroupBy(service => service.Service).Where(group => group.Count() > 1))
            faults.Add($"two services are called '{twice.Key}': give each its own name.");
        return faults.Count == 0 ? services : Fault(string.Join('\n', faults.Select(fault => $"{path}: {fault}")));
    }

    private static ExposeArguments Arguments(Members own, Members common, string directory)
    {
        var (remotes, pins) = (own.Texts("remotes"), own.Texts("pin"));
        var file = own.Text("secret_file");
        return new ExposeArguments(
            own.Texts("targets"), null, null, remotes.Count > 0 ? remotes : common.Texts("remotes"), null,
            file is null ? null : Path.Combine(directory, file), own.Text("backoff") ?? common.Text("backoff"))
        {
            Service = own.Text("name") ?? "",
            Name = own.Text("name") ?? "",
            Heartbeat = own.Text("heartbeat") ?? common.Text("heartbeat"),
            Pins = pins.Count > 0 ? pins : common.Texts("pin"),
            ProxyProtocol = own.Text("proxy_protocol"),
            Direct = own.Flag("direct") ?? true,
            LogVisits = own.Flag("log_visits") ?? common.Flag("log_visits") ?? false,
        };
    }

    private static Outcome.Fault Fault(string message) => new(ExitCode.Usage, message);

    /// <summary>The members of one object; what does not fit is a fault, and so is a member that nobody knows.</summary>
    private sealed class Members
    {
        private readonly JsonElement _object;
        private readonly List<string> _faults;

        public Members(JsonElement element, string[] known, string place, List<string> faults)
        {
            (_object, _faults, Label) = (element, faults, place);
            if (element.ValueKind != JsonValueKind.Object)
            {
                faults.Add($"{Where}a JSON object is expected.");
                return;
            }

            foreach (var member in element.EnumerateObject())
                if (!known.Contains(member.Name)) faults.Add($"{Where}unknown member '{member.Name}'; there are {string.Join(", ", known)}.");
        }

        public string Label { get; }

        private string Where => Label.Length == 0 ? "" : Label + ": ";

        public string? Text(string name) => TryGet(name, out var value) ? AsText(name, value) : null;

        public IReadOnlyList<string> Texts(string name)
        {
            if (!TryGet(name, out var value)) return [];
            return value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray().Select(item => AsText(name, item) ?? "")] : [AsText(name, value) ?? ""];
        }

        public bool? Flag(string name)
        {
            if (!TryGet(name, out var value)) return null;
            if (value.ValueKind is JsonValueKind.True or JsonValueKind.False) return value.GetBoolean();
            _faults.Add($"{Where}'{name}' is true or false.");
            return null;
        }

        public IReadOnlyList<JsonElement> Objects(string name)
        {
            if (!TryGet(name, out var value)) return [];
            if (value.ValueKind == JsonValueKind.Array) return [.. value.EnumerateArray()];
            _faults.Add($"{Where}'{name}' is a list.");
            return [];
        }

        private bool TryGet(string name, out JsonElement value)
        {
            value = default;
            return _object.ValueKind == JsonValueKind.Object && _object.TryGetProperty(name, out value);
        }

        private string? AsText(string name, JsonElement value)
        {
            if (value.ValueKind == JsonValueKind.String) return value.GetString();
            if (value.ValueKind == JsonValueKind.Number) return value.GetRawText();
            _faults.Add($"{Where}'{name}' is a text.");
            return null;
        }
    }
}
