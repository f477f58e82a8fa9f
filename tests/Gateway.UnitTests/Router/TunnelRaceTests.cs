using System.Diagnostics;
using Gateway.Model;
using Gateway.Router;
using Gateway.Router.Tunnelling;
using Gateway.Transport.Handshakes;
using Gateway.Transport.Yamux;
using Gateway.UnitTests.Transport;
using Xunit;

namespace Gateway.UnitTests.Router;

/// <summary>
/// Clients of one secret come, leave and get visitors on two threads at once, again and again. Whatever both did and were told has to be
/// what a model of one thread would have done and told in some order.
/// </summary>
public sealed class TunnelRaceTests(ITestOutputHelper output)
{
    private const int PerSecret = 2;
    private const int StepsEach = 4;
    private const int Rounds = 5_000;

    /* Rounds that no order of one whole side after the other explains: the race happened. */
    private const int Interleaved = 20;

    /* In turns of a loop: one side hears a little later of what the other begins. */
    private const int LongestHead = 20;

    private static readonly Secret Shared = new("7:hush");
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    /* Beside everything else two threads that wait for each other get few turns: what they made in this time has to do. */
    private static readonly TimeSpan Enough = TimeSpan.FromSeconds(5);

    private long _lastId;

    [Fact, Trait("adv", "T2")]
    public void Whatever_two_sides_do_at_once_is_what_one_would_have_done_in_some_order()
    {
        using var other = new OtherSide();
        var chance = new Random(2);
        var (rounds, interleaved) = (0, 0);
        for (var began = Stopwatch.GetTimestamp(); interleaved < Interleaved ? Stopwatch.GetElapsedTime(began) < Patience : IsOn(rounds, began); rounds++)
        {
            var tunnels = new Tunnels(PerSecret, TimeProvider.System);
            TunnelSession[] known = [.. Enumerable.Range(0, chance.Next(PerSecret + 2)).Select(_ => Session())];
            foreach (var session in known) tunnels.TryAdd(session);
            var model = Model.Of(tunnels, known);
            Step[] left = Script(chance, known), right = Script(chance, known);
            var head = chance.Next(LongestHead);
            other.Begin(() => Run(right, tunnels));
            Thread.SpinWait(head);
            Run(left, tunnels);
            other.Wait();

            var seen = Model.Of(tunnels, [.. known, .. left.Concat(right).Where(step => step.Kind == StepKind.Add).Select(step => step.Session!)]);
            if (model.Explains([.. left, .. right], seen) || model.Explains([.. right, .. left], seen)) continue;
            Assert.True(Orders(left, right).Any(order => model.Explains(order, seen)), $"round {rounds}: no order explains [{string.Join(", ", left)}] and [{string.Join(", ", right)}] on {model}, which became {seen}");
            interleaved++;
        }

        Assert.True(interleaved >= Interleaved, $"{interleaved} of {rounds} rounds were a race");
        output.WriteLine($"{rounds} rounds, of which {interleaved} were a race for sure");
    }

    [Fact, Trait("adv", "T2")]
    public async Task A_visitor_who_begins_to_wait_while_his_client_comes_is_never_forgotten()
    {
        using var other = new OtherSide();
        var chance = new Random(2);
        var (rounds, waited) = (0, 0);
        for (var began = Stopwatch.GetTimestamp(); IsOn(rounds, began); rounds++)
        {
            // Its clock stands still: nobody goes on because his time is over.
            var tunnels = new Tunnels(PerSecret, new FakeTime());
            tunnels.Expect(Patience);
            var session = Session();
            var head = chance.Next(LongestHead);
            other.Begin(() => tunnels.TryAdd(session));
            Thread.SpinWait(head);
            var waiting = tunnels.WaitAsync(Shared, CancellationToken.None);
            if (!waiting.IsCompleted) waited++;
            other.Wait();
            await waiting.WaitAsync(Patience);
            Assert.Same(session, tunnels.Take(Shared, Traffic.Tls));
        }

        output.WriteLine($"{rounds} visitors, of whom {waited} waited");
    }

    [Fact, Trait("adv", "T2")]
    public async Task A_client_that_comes_while_the_node_begins_to_leave_is_told_or_not_let_in()
    {
        using var other = new OtherSide();
        var chance = new Random(2);
        var (rounds, told) = (0, 0);
        for (var began = Stopwatch.GetTimestamp(); IsOn(rounds, began); rounds++)
        {
            var tunnels = new Tunnels(PerSecret, TimeProvider.System);
            var (session, beneath) = Beneath();
            var isIn = false;
            var head = chance.Next(LongestHead);
            other.Begin(() => isIn = tunnels.TryAdd(session));
            Thread.SpinWait(head);
            await tunnels.GoAwayAsync(TimeSpan.Zero, CancellationToken.None);
            other.Wait();
            var isTold = beneath.Outbox.TakeAsync().AsTask().IsCompleted;
            Assert.Equal((isIn, isIn ? 1 : 0), (isTold, tunnels.Count));
            if (isTold) told++;
        }

        output.WriteLine($"{rounds} clients, of whom {told} were let in and told");
    }

    private static bool IsOn(int rounds, long began) => rounds < Rounds && Stopwatch.GetElapsedTime(began) < Enough;

    private static void Run(Step[] steps, Tunnels tunnels)
    {
        foreach (var step in steps) step.Do(tunnels);
    }

    private Step[] Script(Random chance, TunnelSession[] known)
    {
        var steps = new Step[StepsEach];
        for (var i = 0; i < steps.Length; i++)
        {
            var kind = (StepKind)chance.Next(3);
            if (kind == StepKind.Remove && known.Length == 0) kind = StepKind.Take;
            steps[i] = new Step(kind, kind switch { StepKind.Add => Session(), StepKind.Remove => known[chance.Next(known.Length)], _ => null });
        }

        return steps;
    }

    private TunnelSession Session() => Beneath().Session;

    private (TunnelSession Session, YamuxSession Beneath) Beneath()
    {
        var beneath = new YamuxSession(MemoryDuplex.Pair().Left, YamuxRole.Server, YamuxOptions.Default, TimeProvider.System);
        return (new TunnelSession(++_lastId, new TunnelOffer(Shared, null, false, null), TunnelFeatures.None, null, false, DateTimeOffset.UnixEpoch, beneath), beneath);
    }

    // Every way in which the steps of both can have been one after the other, each side's in its order.
    private static IEnumerable<Step[]> Orders(ReadOnlyMemory<Step> left, ReadOnlyMemory<Step> right)
    {
        if (left.IsEmpty || right.IsEmpty) return [[.. left.Span, .. right.Span]];
        return Orders(left[1..], right).Select(rest => (Step[])[left.Span[0], .. rest]).Concat(Orders(left, right[1..]).Select(rest => (Step[])[right.Span[0], .. rest]));
    }

    private enum StepKind
    {
        Add,
        Remove,
        Take,
    }

    /// <summary>Something that one side does, and what it was told.</summary>
    private sealed record Step(StepKind Kind, TunnelSession? Session)
    {
        public TunnelSession? Taken { get; private set; }

        public void Do(Tunnels tunnels)
        {
            if (Kind == StepKind.Add) tunnels.TryAdd(Session!);
            else if (Kind == StepKind.Remove) tunnels.Remove(Session!);
            else Taken = tunnels.Take(Shared, Traffic.Tls);
        }

        public override string ToString() => Kind == StepKind.Take ? $"Take gave {Taken?.Id}" : $"{Kind} {Session!.Id}";
    }

    /// <summary>The sessions that are held, oldest first; who was displaced; how many visitors each expects; how many sessions are counted.</summary>
    private sealed record Model(long[] Held, HashSet<long> Displaced, Dictionary<long, int> Visitors, int Count)
    {
        public static Model Of(Tunnels tunnels, TunnelSession[] known) => new(
            [.. tunnels.Sessions.Select(session => session.Id)], [.. known.Where(session => session.Displaced.IsCancellationRequested).Select(session => session.Id)],
            known.ToDictionary(session => session.Id, session => session.Streams), tunnels.Count);

        /// <summary>True when these steps, one after the other, tell what they told, and leave behind what was seen.</summary>
        public bool Explains(IEnumerable<Step> order, Model seen)
        {
            var (held, displaced, visitors) = (Held.ToList(), Displaced.ToHashSet(), new Dictionary<long, int>(Visitors));
            foreach (var step in order)
            {
                if (step.Kind == StepKind.Remove) held.Remove(step.Session!.Id);
                else if (step.Kind == StepKind.Add) Add(step.Session!.Id);
                else if (!Take(step.Taken?.Id)) return false;
            }

            return held.SequenceEqual(seen.Held) && held.Count == seen.Count && displaced.SetEquals(seen.Displaced) && visitors.OrderBy(it => it.Key).SequenceEqual(seen.Visitors.OrderBy(it => it.Key));

            void Add(long id)
            {
                if (held.Count >= PerSecret) displaced.Add(held[0]);
                if (held.Count >= PerSecret) held.RemoveAt(0);
                held.Add(id);
                visitors[id] = 0;
            }

            // The one with the fewest visitors; among equals the newest.
            bool Take(long? told)
            {
                if (held.Count == 0) return told is null;
                var best = held.Last(id => visitors[id] == held.Min(other => visitors[other]));
                visitors[best]++;
                return told == best;
            }
        }

        public override string ToString() => $"held {string.Join(' ', Held)}, displaced {string.Join(' ', Displaced)}, visitors {string.Join(' ', Visitors)}";
    }
}
