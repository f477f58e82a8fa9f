using System.Globalization;
using System.Text;
using Gateway.Model.ExplorerApi;

namespace Gateway.ExplorerApi;

/// <summary>
/// The client of the reservation API, for gateways and for users. Every call ends within the deadline and gives a value; only
/// a cancelled token throws. One instance serves any number of callers at once.
/// </summary>
public sealed partial class ExplorerClient
{
    /// <summary>How long a call may take when the owner does not say otherwise.</summary>
    public static readonly TimeSpan DefaultDeadline = TimeSpan.FromSeconds(15);

    private readonly ExplorerHttp _http;

    /// <summary>Makes calls through <paramref name="http"/>, which stays the caller's and must not follow redirects (see <see cref="CreateHttpClient"/>).</summary>
    /// <param name="http">The connections.</param>
    /// <param name="baseUrl">Brought into the form that the calls need (see <see cref="ExplorerAddress"/>).</param>
    /// <param name="signer">In whose name requests are signed; without one only reading calls succeed.</param>
    /// <param name="deadline">For one call from its start to the last octet; <see cref="DefaultDeadline"/> when null.</param>
    /// <param name="time">The clock; signatures carry its time.</param>
    public ExplorerClient(HttpClient http, Uri baseUrl, ExplorerSigner? signer = null, TimeSpan? deadline = null, TimeProvider? time = null) =>
        _http = new ExplorerHttp(http, ExplorerAddress.Normalise(baseUrl), signer, deadline ?? DefaultDeadline, time ?? TimeProvider.System);

    /// <summary>Connections that fit: no redirects, no cookies, no time-out of their own, renewed often enough to follow a change of the server's address.</summary>
    public static HttpClient CreateHttpClient() =>
        new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5) }) { Timeout = Timeout.InfiniteTimeSpan };

    private Task<ExplorerOutcome<T>> GetAsync<T>(string path, CancellationToken stop) where T : class, new() =>
        _http.SendAsync(HttpMethod.Get, path, body: null, isSigned: true, answer => answer.One<T>(), stop);

    private Task<ExplorerOutcome<Listing<T>>> ListAsync<T>(string path, CancellationToken stop) where T : class, new() =>
        _http.SendAsync(HttpMethod.Get, path, body: null, isSigned: true, answer => answer.Many<T>(), stop);

    private Task<ExplorerOutcome<TAnswer>> PostAsync<TBody, TAnswer>(string path, TBody body, CancellationToken stop) where TAnswer : class, new() =>
        _http.SendAsync(HttpMethod.Post, path, ExplorerJson.Write(body), isSigned: true, answer => answer.One<TAnswer>(), stop);

    // For calls that answer with null, or with something that nobody reads.
    private async Task<ExplorerOutcome<Accepted>> TellAsync(HttpMethod method, string path, byte[]? body, CancellationToken stop)
    {
        var outcome = await _http.SendAsync(method, path, body, isSigned: true, _ => "", stop);
        return outcome.Select(_ => default(Accepted));
    }

    private static string Query(params ReadOnlySpan<(string Name, string? Value)> parameters)
    {
        var text = new StringBuilder();
        foreach (var (name, value) in parameters)
        {
            if (!string.IsNullOrEmpty(value)) text.Append(text.Length == 0 ? '?' : '&').Append(name).Append('=').Append(Uri.EscapeDataString(value));
        }

        return text.ToString();
    }

    private static string? Text(long? number) => number?.ToString(CultureInfo.InvariantCulture);
}
