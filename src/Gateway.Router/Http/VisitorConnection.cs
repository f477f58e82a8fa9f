using System.Buffers;
using System.IO.Pipelines;
using Gateway.Transport.ProxyProtocol;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace Gateway.Router.Http;

/// <summary>
/// One connection of the HTTP port around Kestrel's own work: the PROXY header of a trusted proxy, and the visitor's seat among
/// those of its address.
/// </summary>
internal sealed class VisitorConnection(TrustedProxies proxies, AddressBudget visitors, TimeSpan timeout, TimeProvider time, ConnectionDelegate next)
{
    /// <summary>Serves the connection to its end; one that may not be served is cut.</summary>
    public async Task RunAsync(ConnectionContext connection)
    {
        if (proxies.Trusts(connection.RemoteEndPoint) && !await TryReadHeaderAsync(connection))
        {
            connection.Abort();
            return;
        }

        var visitor = connection.RemoteEndPoint;
        if (!visitors.TryTake(visitor, 1))
        {
            connection.Abort();
            return;
        }

        try
        {
            if (connection is PolledConnection) connection.Features.Get<IConnectionHeartbeatFeature>()?.OnHeartbeat(static it => ((PolledConnection)it).Look(), connection);
            await next(connection);
        }
        finally
        {
            visitors.Give(visitor, 1);
        }
    }

    /// <summary>Takes the header off and puts the visitor's address in the proxy's place. False: there is none.</summary>
    private async ValueTask<bool> TryReadHeaderAsync(ConnectionContext connection)
    {
        using var deadline = new Deadline(timeout, time, connection.ConnectionClosed);
        try
        {
            while (true)
            {
                var read = await connection.Transport.Input.ReadAsync(deadline.Token);
                var parse = Take(connection, read);
                if (parse == ProxyParse.Found) return true;
                if (parse == ProxyParse.Malformed || read.IsCompleted) return false;
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // Too slow, or gone: either way there is no header.
            return false;
        }
    }

    private static ProxyParse Take(ConnectionContext connection, ReadResult read)
    {
        var head = read.Buffer.Slice(0, Math.Min(read.Buffer.Length, ProxyHeader.MaxLength)).ToArray();
        var parse = ProxyHeader.TryRead(head, out var header, out var used);
        connection.Transport.Input.AdvanceTo(read.Buffer.GetPosition(used), parse == ProxyParse.Found ? read.Buffer.GetPosition(used) : read.Buffer.End);
        connection.RemoteEndPoint = header.Source ?? connection.RemoteEndPoint;
        connection.LocalEndPoint = header.Destination ?? connection.LocalEndPoint;
        return parse;
    }
}
