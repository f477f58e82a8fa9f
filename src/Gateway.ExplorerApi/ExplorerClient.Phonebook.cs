using System.Globalization;
using Gateway.Model.ExplorerApi;

namespace Gateway.ExplorerApi;

/// <summary>Users, gateways and pools (the reservation API contract, sections 1.3, 1.12 and 1.13).</summary>
public sealed partial class ExplorerClient
{
    /// <summary>Adds a user; the answer carries its id. 409 when name or e-mail are taken.</summary>
    public Task<ExplorerOutcome<User>> CreateUserAsync(User user, CancellationToken stop) => PostAsync<User, User>("/users", user, stop);

    /// <summary>One user, with the public key. 404 when unknown.</summary>
    public Task<ExplorerOutcome<User>> GetUserAsync(long id, CancellationToken stop) => GetAsync<User>(string.Create(CultureInfo.InvariantCulture, $"/users/{id}"), stop);

    /// <summary>Users with this name or e-mail address; all when both are null.</summary>
    public Task<ExplorerOutcome<Listing<User>>> ListUsersAsync(string? name, string? email, int page, CancellationToken stop) =>
        ListAsync<User>("/users" + Query(("name", name), ("email", email), ("page", Text(page))), stop);

    /// <summary>Changes e-mail, host and description of a user's own entry (see <see cref="UserUpdate.Sign"/>): all three become what is sent. 409 when the e-mail is taken.</summary>
    public Task<ExplorerOutcome<Accepted>> UpdateUserAsync(UserUpdate update, CancellationToken stop) =>
        TellAsync(HttpMethod.Put, string.Create(CultureInfo.InvariantCulture, $"/users/{update.Id}"), ExplorerJson.Write(update), stop);

    /// <summary>Asks whether a user signed a message. 404 when the user is unknown.</summary>
    public async Task<ExplorerOutcome<bool>> ValidateAsync(long user, ValidateRequest message, CancellationToken stop)
    {
        var outcome = await PostAsync<ValidateRequest, ValidateAnswer>(string.Create(CultureInfo.InvariantCulture, $"/users/{user}/validate"), message, stop);
        return outcome.Select(answer => answer.IsValid);
    }

    /// <summary>Makes or replaces the directory's entry of a gateway. Some servers first look up `__owner__` of its managed domains.</summary>
    public Task<ExplorerOutcome<Accepted>> RegisterGatewayAsync(GatewayNode gateway, CancellationToken stop) =>
        TellAsync(HttpMethod.Post, "/gateways", ExplorerJson.Write(gateway), stop);

    /// <summary>One gateway. 404 when unknown.</summary>
    public Task<ExplorerOutcome<GatewayNode>> GetGatewayAsync(string nodeId, CancellationToken stop) => GetAsync<GatewayNode>($"/gateways/{Uri.EscapeDataString(nodeId)}", stop);

    /// <summary>The directory; null leaves a filter out.</summary>
    public Task<ExplorerOutcome<Listing<GatewayNode>>> ListGatewaysAsync(string? country, string? city, long? farm, int page, CancellationToken stop) =>
        ListAsync<GatewayNode>("/gateways" + Query(("country", country), ("city", city), ("farm_id", Text(farm)), ("page", Text(page))), stop);

    /// <summary>Tells that a gateway is alive. 404 when it is not registered.</summary>
    public Task<ExplorerOutcome<Accepted>> ReportUptimeAsync(string nodeId, TimeSpan uptime, CancellationToken stop) =>
        TellAsync(HttpMethod.Post, $"/gateways/{Uri.EscapeDataString(nodeId)}/uptime", ExplorerJson.Write(new UptimeReport { Uptime = (long)uptime.TotalSeconds }), stop);

    /// <summary>Tells how many workloads a gateway serves.</summary>
    public Task<ExplorerOutcome<Accepted>> ReportReservedResourcesAsync(string nodeId, ReservedResources resources, CancellationToken stop) =>
        TellAsync(HttpMethod.Post, $"/gateways/{Uri.EscapeDataString(nodeId)}/reserved_resources", ExplorerJson.Write(resources), stop);

    /// <summary>Makes or extends a pool (see <see cref="PoolReservation.Sign"/>).</summary>
    public Task<ExplorerOutcome<PoolCreated>> CreatePoolAsync(PoolReservation pool, CancellationToken stop) => PostAsync<PoolReservation, PoolCreated>("/reservations/pools", pool, stop);

    /// <summary>One pool. 404 when unknown.</summary>
    public Task<ExplorerOutcome<Pool>> GetPoolAsync(long id, CancellationToken stop) => GetAsync<Pool>(string.Create(CultureInfo.InvariantCulture, $"/reservations/pools/{id}"), stop);

    /// <summary>The pools of a user.</summary>
    public Task<ExplorerOutcome<Listing<Pool>>> ListPoolsAsync(long owner, CancellationToken stop) =>
        ListAsync<Pool>(string.Create(CultureInfo.InvariantCulture, $"/reservations/pools/owner/{owner}"), stop);
}
