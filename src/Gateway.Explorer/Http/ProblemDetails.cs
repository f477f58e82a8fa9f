using System.Buffers;
using System.Text.Json;
using Gateway.Model.ExplorerApi;
using Microsoft.AspNetCore.WebUtilities;

namespace Gateway.Explorer.Http;

/// <summary>
/// Errors in the form of RFC 9457, for those who ask for it by their Accept header; everybody else gets them as the original wrote them.
/// The member <c>error</c> of the original is in both.
/// </summary>
internal static class ProblemDetails
{
    /// <summary>The content type of such a body.</summary>
    public const string ContentType = "application/problem+json";

    /// <summary>True when an error shall have this form.</summary>
    public static bool IsWanted(ApiAnswer answer, string? accept) =>
        answer.Status >= 400 && accept is not null && accept.Contains(ContentType, StringComparison.OrdinalIgnoreCase);

    /// <summary>The same error in this form; status and headers stay.</summary>
    public static ApiAnswer Of(ApiAnswer answer)
    {
        var octets = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(octets))
        {
            json.WriteStartObject();
            json.WriteString("type", "about:blank");
            json.WriteString("title", ReasonPhrases.GetReasonPhrase(answer.Status));
            json.WriteNumber("status", answer.Status);
            json.WriteString("detail", MessageOf(answer));
            json.WriteString("error", MessageOf(answer));
            json.WriteEndObject();
        }

        return answer with { Body = (byte[])[.. octets.WrittenSpan, (byte)'\n'], ContentType = ContentType };
    }

    // What is no error of a handler is one of the router, which the original tells in plain text or not at all.
    private static string MessageOf(ApiAnswer answer) => answer switch
    {
        { ContentType: ApiAnswer.Json } when ExplorerJson.TryRead<ErrorBody>(answer.Body.Span, out var body, out _) => body.Error,
        { Status: 405 } => "this path has no such method",
        _ => "there is no such path, or a parameter has the wrong form",
    };
}
