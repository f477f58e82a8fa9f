namespace Gateway.Explorer.Http;

/// <summary>Answers one call.</summary>
internal delegate Task<ApiAnswer> Handler(ApiCall call, CancellationToken stop);

/// <summary>
/// Method and path to handler, exactly as the contract lists them: case counts, a slash at the end makes another path, a parameter must have
/// its form or the path is unknown.
/// </summary>
/// <param name="demandWhole">Throws when the store is found to have lost something: what was read of it before is no answer then.</param>
internal sealed class RouteTable(Func<CancellationToken, Task> demandWhole)
{
    private readonly List<Route> _routes = [];

    /// <summary>Method and template of every route.</summary>
    public IEnumerable<(string Method, string Template)> All => _routes.Select(route => (route.Method, route.Template));

    /// <summary>
    /// Adds a route. Segments in braces are parameters: `{name}` takes anything but nothing, `{name:id}` digits, `{name:gwid}` digits, hyphen, digits.
    /// </summary>
    public RouteTable Add(string method, string template, Handler handler)
    {
        _routes.Add(new Route(method, template, [.. template.Split('/').Skip(1).Select(Segment.Parse)], AnswerAsync));
        return this;

        async Task<ApiAnswer> AnswerAsync(ApiCall call, CancellationToken stop)
        {
            var answer = await handler(call, stop);
            // A write looks for itself.
            if (method == "GET" || answer.Status >= 400) await demandWhole(stop);
            return answer;
        }
    }

    /// <summary>Adds a route whose answer depends on nothing that is stored.</summary>
    public RouteTable Add(string method, string template, ApiAnswer answer)
    {
        _routes.Add(new Route(method, template, [.. template.Split('/').Skip(1).Select(Segment.Parse)], (_, _) => Task.FromResult(answer)));
        return this;
    }

    /// <summary>Finds the route of a call; null and whether the path alone is known.</summary>
    public (Route? Route, bool IsKnownPath) Find(string method, string path, Dictionary<string, string> parameters)
    {
        var segments = path.Split('/');
        var isKnown = false;
        foreach (var route in _routes)
        {
            parameters.Clear();
            if (!route.Matches(segments, parameters)) continue;
            isKnown = true;
            if (route.Method == method) return (route, true);
        }

        return (null, isKnown);
    }

    /// <summary>One way in.</summary>
    internal sealed record Route(string Method, string Template, Segment[] Segments, Handler Handler)
    {
        public bool Matches(string[] path, Dictionary<string, string> parameters)
        {
            // The path begins with a slash, so its first piece is empty.
            if (path.Length != Segments.Length + 1) return false;
            for (var i = 0; i < Segments.Length; i++)
            {
                if (!Segments[i].Matches(path[i + 1])) return false;
                if (Segments[i].IsParameter) parameters[Segments[i].Text] = path[i + 1];
            }

            return true;
        }
    }

    /// <summary>Text between two slashes, or a parameter and its form.</summary>
    internal readonly record struct Segment(string Text, bool IsParameter, string Form)
    {
        public static Segment Parse(string text)
        {
            if (!text.StartsWith('{')) return new Segment(text, IsParameter: false, "");
            var parts = text.Trim('{', '}').Split(':');
            return new Segment(parts[0], IsParameter: true, parts.ElementAtOrDefault(1) ?? "");
        }

        public bool Matches(string text) => IsParameter
            ? Form switch { "id" => IsDigits(text), "gwid" => IsGlobalId(text), _ => text.Length > 0 }
            : text == Text;

        private static bool IsGlobalId(string text) => text.Split('-') is [var id, var workload] && IsDigits(id) && IsDigits(workload);

        private static bool IsDigits(string text) => text.Length > 0 && text.All(char.IsAsciiDigit);
    }
}
