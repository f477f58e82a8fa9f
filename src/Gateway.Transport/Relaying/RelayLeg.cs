using Gateway.Transport.Native;
using Gateway.Transport.Polling;

namespace Gateway.Transport.Relaying;

/// <summary>One of a relay's two sockets: the source of one direction and the sink of the other.</summary>
internal sealed class RelayLeg(KernelRelay relay, KernelDirection from, KernelDirection to) : IPolled
{
    public void OnReady(Ready ready)
    {
        const Ready over = Ready.PeerEnded | Ready.HungUp | Ready.Error;
        if ((ready & (Ready.Read | over)) != 0) from.IsReadable = true;
        if ((ready & over) != 0) from.IsEnding = true;
        if ((ready & Ready.Error) != 0) from.IsSourceBroken = true;
        if ((ready & (Ready.Write | Ready.HungUp | Ready.Error)) != 0) to.IsWritable = true;
        relay.Queue();
    }
}
