using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;

namespace Gateway.IntegrationTests.Reconciler;

/// <summary>
/// What the public explorer said to a gateway, from a file below tests/conversations: <c>&gt;</c> begins an exchange with the request
/// that is answered, <c>&lt;</c> lines are the status (or <c>hangs</c>, <c>resets</c>) and the headers, the lines behind them the body;
/// <c>=</c> says what has to come of it all. Of several answers to one request each is given once, the last one for ever.
/// </summary>
internal sealed class RecordedConversation
{
    private readonly Dictionary<string, Queue<Answer>> _answers = [];
    private readonly ConcurrentQueue<(string Request, string Body)> _asked = [];

    private RecordedConversation(string[] lines)
    {
        string[] rest = [.. lines.Where(line => !line.StartsWith('#'))];
        Expected = [.. rest.Where(line => line.StartsWith("= ", StringComparison.Ordinal)).Select(line => line[2..])];
        for (var i = 0; i < rest.Length; i++)
        {
            if (!rest[i].StartsWith("> ", StringComparison.Ordinal)) continue;
            var request = rest[i][2..];
            var end = i + 1;
            while (end < rest.Length && !rest[end].StartsWith("> ", StringComparison.Ordinal) && !rest[end].StartsWith("= ", StringComparison.Ordinal)) end++;
            if (!_answers.TryGetValue(request, out var answers)) _answers[request] = answers = [];
            answers.Enqueue(Answer.Of(rest[(i + 1)..end]));
        }
    }

    /// <summary>What has to come of it.</summary>
    public IReadOnlyList<string> Expected { get; }

    public static RecordedConversation Read(string file) => new(File.ReadAllLines(file));

    /// <summary>How often something was asked.</summary>
    public int Asked(string request) => _asked.Count(it => it.Request == request);

    /// <summary>The bodies that came with a request.</summary>
    public IReadOnlyList<string> Bodies(string request) => [.. _asked.Where(it => it.Request == request).Select(it => it.Body)];

    /// <summary>True when every recorded answer was given.</summary>
    public bool IsOver => _answers.Values.All(it => it.Count == 1 && it.Peek().IsGiven);

    /// <summary>Answers as it was recorded; false when nothing was.</summary>
    public async Task<bool> AnswerAsync(HttpContext context)
    {
        var request = $"{context.Request.Method} {context.Request.Path}{context.Request.QueryString}";
        using var reader = new StreamReader(context.Request.Body);
        if (!_answers.TryGetValue(request, out var answers))
        {
            _asked.Enqueue((request, ""));
            return false;
        }

        _asked.Enqueue((request, await reader.ReadToEndAsync(context.RequestAborted)));
        Answer answer;
        lock (answers) answer = answers.Count > 1 ? answers.Dequeue() : answers.Peek();
        await answer.GiveAsync(context);
        return true;
    }

    private sealed class Answer
    {
        private string _status = "";
        private string _body = "";
        private List<(string Name, string Value)> _headers = [];

        public bool IsGiven { get; private set; }

        public static Answer Of(string[] lines)
        {
            string[] head = [.. lines.Where(line => line.StartsWith("< ", StringComparison.Ordinal)).Select(line => line[2..])];
            return new Answer
            {
                _status = head[0],
                _headers = [.. head[1..].Select(line => line.Split(": ", 2)).Select(it => (it[0], it[1]))],
                _body = string.Join('\n', lines.Where(line => !line.StartsWith('<') || line.StartsWith("<html", StringComparison.Ordinal))).TrimEnd(),
            };
        }

        public async Task GiveAsync(HttpContext context)
        {
            IsGiven = true;
            if (_status == "hangs") await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            else if (_status == "resets") context.Abort();
            else await WriteAsync(context);
        }

        private async Task WriteAsync(HttpContext context)
        {
            context.Response.StatusCode = int.Parse(_status);
            foreach (var (name, value) in _headers) context.Response.Headers[name] = value;
            if (_body.Length > 0) await context.Response.WriteAsync(_body + "\n");
        }
    }
}
