using Gateway.Model.Routes;

namespace Gateway.Router.Routing;

/// <summary>One version of a route while it is served.</summary>
/// <param name="Id">Differs for every version of every route, so that nothing kept for one version is used for another.</param>
/// <param name="Route">What Redis or the configuration says.</param>
/// <param name="Gone">Cancelled when the host's route is deleted or frozen; any other new version of it leaves running connections alone.</param>
internal sealed record LiveRoute(long Id, Route Route, CancellationToken Gone);
