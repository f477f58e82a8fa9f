using Gateway.Reconciler.Planning;
using Gateway.Store;

namespace Gateway.Reconciler;

/// <summary>Of several reconcilers that share one Redis one writes; the others stand by, and one of them goes on when it is gone.</summary>
public sealed partial class ReconcileLoop
{
    /// <summary>Twice it may fail to be renewed before it expires.</summary>
    private static readonly TimeSpan LeaseBeat = WriterLease.Lifetime / 3;

    private static readonly TimeSpan GiveBackDeadline = TimeSpan.FromSeconds(2);

    /// <summary>False while another has the lease. With a new fencing number everything is read again: somebody else may have written.</summary>
    private async Task<bool> HoldLeaseAsync(CancellationToken stop)
    {
        switch (await _ledger.TakeLeaseAsync(stop))
        {
            case LeaseState.Held held:
                if (_status.StandsBehind is not null) Writing();
                if (held.Fence != _applier.Fence) _mustLoad = true;
                _applier.Fence = held.Fence;
                _status = _status with { StandsBehind = null };
                return true;
            case LeaseState.Other other:
                StandBehind(other.Instance);
                return false;
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    /// <summary>Keeps the lease through long rounds and long pauses.</summary>
    private async Task RenewAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(LeaseBeat, _time);
        while (await timer.WaitForNextTickAsync(stop))
        {
            try
            {
                if (_applier.Fence > 0 && _status.StandsBehind is null && await _ledger.TakeLeaseAsync(stop) != new LeaseState.Held(_applier.Fence)) Doorbell.Ring();
            }
            catch (Exception e) when (RedisFaults.IsRedis(e))
            {
                // The loop tells of it; without Redis nobody else gets the lease either.
            }
        }
    }

    private async Task GiveBackAsync()
    {
        if (_applier.Fence == 0) return;
        using var late = new CancellationTokenSource(GiveBackDeadline, _time);
        try
        {
            await _ledger.GiveLeaseBackAsync(late.Token);
        }
        catch (Exception e) when (RedisFaults.IsRedis(e) || e is OperationCanceledException)
        {
            // It expires by itself.
        }
    }

    private void StandBehind(string instance)
    {
        if (_status.StandsBehind is null) StandsBy(instance);
        _status = _status with
        {
            StandsBehind = instance,
            StoreFault = $"another reconciler has taken over this Redis ({instance}): this one stands by, and writes when that one is gone",
        };
    }

    // A later writer: whose, the next look at the lease tells.
    private Plan? Displaced()
    {
        StandBehind("another reconciler");
        return null;
    }
}
