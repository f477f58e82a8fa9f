using Gateway.Explorer.Handlers;
using Gateway.Explorer.Http;
using Gateway.Explorer.Storage;
using Gateway.Transport.Questions;

namespace Gateway.Explorer;

/// <summary>Every path of the reservation API and who answers it (sections 1.3 to 1.14).</summary>
internal static class Routes
{
    private const string Api = "/api/v1";

    // Where the API was before it had versions; older programs still go there.
    private const string OldApi = "/explorer";

    /// <summary>Composes the handlers over one store.</summary>
    public static RouteTable Over(ExplorerStore store, WorkloadShelf shelf, ExplorerOptions options, ExplorerEvents events, TimeProvider time)
    {
        var authentication = new Authentication(store, options, time);
        var pools = new PoolHandlers(store, authentication, options, events, time);
        var workloads = new WorkloadHandlers(shelf, authentication, pools, events, time);
        var reading = new WorkloadReading(store, shelf);
        var users = new UserHandlers(store, authentication, events);
        var gateways = new GatewayHandlers(store, authentication, new DomainContests(store, new DomainOwners(new StubResolver(options.Resolvers, time), time), events), options, events, time);
        var nodes = new NodeHandlers(store, shelf, authentication, options, events, time);
        var routes = new RouteTable(store.DemandWholeAsync);
        foreach (var root in (string[])[Api, OldApi])
        {
            AddUsers(routes, root, users);
            AddGateways(routes, root, gateways);
            AddNodes(routes, root, nodes);
        }

        AddWorkloads(routes, Api + "/reservations/workloads", workloads, reading).Add("POST", Api + "/reservations/workloads", workloads.CreateAsync);
        AddWorkloads(routes, OldApi + "/workloads", workloads, reading).Add("POST", OldApi + "/workloads", WorkloadHandlers.Unsigned);
        return routes
            .Add("GET", Api + "/openapi.json", OpenApiDocument.Answer)
            .Add("GET", Api + "/reservations/nodes/workloads/{gwid:gwid}", reading.GetByGlobalIdAsync)
            .Add("GET", OldApi + "/reservations/workloads/{gwid:gwid}", reading.GetByGlobalIdAsync)
            .Add("POST", Api + "/reservations/pools", pools.CreateAsync)
            .Add("GET", Api + "/reservations/pools/{id:id}", pools.GetAsync)
            .Add("GET", Api + "/reservations/pools/owner/{owner:id}", pools.ListOfOwnerAsync);
    }

    private static void AddUsers(RouteTable routes, string root, UserHandlers users) => routes
        .Add("POST", root + "/users", users.CreateAsync)
        .Add("GET", root + "/users", users.ListAsync)
        .Add("GET", root + "/users/{user_id:id}", users.GetAsync)
        .Add("PUT", root + "/users/{user_id:id}", users.UpdateAsync)
        .Add("POST", root + "/users/{user_id:id}/validate", users.ValidateAsync);

    private static void AddGateways(RouteTable routes, string root, GatewayHandlers gateways) => routes
        .Add("POST", root + "/gateways", gateways.RegisterAsync)
        .Add("GET", root + "/gateways", gateways.ListAsync)
        .Add("GET", root + "/gateways/{node_id}", gateways.GetAsync)
        .Add("POST", root + "/gateways/{node_id}/uptime", gateways.UptimeAsync)
        .Add("POST", root + "/gateways/{node_id}/reserved_resources", gateways.ReservedResourcesAsync);

    private static void AddNodes(RouteTable routes, string root, NodeHandlers nodes) => routes
        .Add("GET", root + "/reservations/nodes/{node_id}/workloads", nodes.PollAsync)
        .Add("PUT", root + "/reservations/nodes/{node_id}/workloads/{gwid:gwid}", nodes.PutResultAsync)
        .Add("DELETE", root + "/reservations/nodes/{node_id}/workloads/{gwid:gwid}", nodes.DeleteAsync);

    private static RouteTable AddWorkloads(RouteTable routes, string root, WorkloadHandlers workloads, WorkloadReading reading) => routes
        .Add("GET", root, reading.ListAsync)
        .Add("GET", root + "/{id:id}", reading.GetAsync)
        .Add("POST", root + "/{id:id}/sign/delete", workloads.SignDeleteAsync)
        .Add("POST", root + "/{id:id}/sign/provision", workloads.SignProvisionAsync);
}
