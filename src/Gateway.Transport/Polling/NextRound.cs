using System.Runtime.CompilerServices;

namespace Gateway.Transport.Polling;

/// <summary>Awaited on a poller's thread: goes on there in the next round, after everybody else had a turn.</summary>
internal readonly struct NextRound(Poller poller) : ICriticalNotifyCompletion
{
    public bool IsCompleted => false;

    public NextRound GetAwaiter() => this;

    public void OnCompleted(Action continuation) => poller.Rounds.Queue(new Resumption(continuation));

    public void UnsafeOnCompleted(Action continuation) => OnCompleted(continuation);

    public void GetResult()
    {
    }

    private sealed class Resumption(Action continuation) : IPollWork
    {
        public bool IsQueued { get; set; }

        public int SweepIndex { get; set; } = -1;

        public void OnPosted()
        {
        }

        public bool Work()
        {
            continuation();
            return false;
        }

        public void Sweep()
        {
        }
    }
}
