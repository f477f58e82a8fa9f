using Gateway.ExplorerApi;
using Gateway.Model.ExplorerApi;

namespace Gateway.Cli.Reservations;

/// <summary>The gateways that an explorer lists.</summary>
internal static class GatewayDirectory
{
    /// <summary>All of them, page after page.</summary>
    public static Task<Step<List<GatewayNode>>> ReadAsync(ExplorerClient explorer, CancellationToken stop) => ReadAsync(explorer, new GatewayFilter(null, null, null), stop);

    /// <summary>Those that fit, page after page.</summary>
    public static async Task<Step<List<GatewayNode>>> ReadAsync(ExplorerClient explorer, GatewayFilter filter, CancellationToken stop)
    {
        var all = new List<GatewayNode>();
        for (var page = 1; ; page++)
        {
            var listed = (await explorer.ListGatewaysAsync(filter.Country, filter.City, filter.Farm, page, stop)).ToStep("Listing the gateways");
            if (listed.Failed(out var fault, out var found)) return fault;
            all.AddRange(found.Items);
            if (page >= found.Pages || found.Items.Count == 0) return all;
        }
    }
}

/// <summary>Where gateways are looked for; null: anywhere.</summary>
internal sealed record GatewayFilter(string? Country, string? City, long? Farm);
