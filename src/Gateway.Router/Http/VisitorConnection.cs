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
internal sealed class VisitorConnection(
    TrustedProxies proxies, AddressBudget visitors, TimeSpan timeout, TimeProvider time, Action<ConnectionContext, VisitEnd> onTurnedAway, ConnectionDelegate next)
{
    /// <summary>Serves the connection to its end; one that may not be served is cut, and told of.</summary>
    public async Task RunAsync(ConnectionContext connection)
    {
        if (proxies.Trusts(connection.RemoteEndPoint) && await ReadHeaderAsync(connection) is { } fault)
        {
            TurnAway(connection, fault);
            return;
        }

        var visitor = connection.RemoteEndPoint;
        if (!visitors.TryTake(visitor, 1))
        {
            TurnAway(connection, VisitEnd.Crowded);
            return;
        }

        try
        {
            if (connection is PolledConnection) connection.Features.Get<IConnectionHeartbeatFeature>()?.OnHeartbeat(static it => ((PolledConnection)it).Look(), connection);
            await next(connection);
            if (connection is PolledConnection served && served.Unread() is { } end) onTurnedAway(connection, end);
        }
        finally
        {
            visitors.Give(visitor, 1);
        }
    }

    private void TurnAway(ConnectionContext connection, VisitEnd end)
    {
        connection.Abort();
        onTurnedAway(connection, end);
    }

    /// <summary>Takes the header off and puts the visitor's address in the proxy's place. Why that cannot be; null: it was done.</summary>
    private async ValueTask<VisitEnd?> ReadHeaderAsync(ConnectionContext connection)
    {
        using var deadline = new Deadline(timeout, time, connection.ConnectionClosed);
        try
        {
            while (true)
            {
                var read = await connection.Transport.Input.ReadAsync(deadline.Token);
                var parse = Take(connection, read);
                if (parse == ProxyParse.Found) return null;
                if (parse == ProxyParse.Malformed || read.IsCompleted) return VisitEnd.NoProxyHeader;
            }
        }
        catch (OperationCanceledException)
        {
            return deadline.Passed ? VisitEnd.TooSlow : VisitEnd.Left;
        }
        catch (IOException)
        {
            return VisitEnd.Left;
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
