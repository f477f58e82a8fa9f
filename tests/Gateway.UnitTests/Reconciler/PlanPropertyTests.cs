using System.Globalization;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Gateway.Model;
using Gateway.Reconciler.Planning;
using Gateway.Store;
using Xunit;
using Outcome = Gateway.Reconciler.Planning.Outcome;

namespace Gateway.UnitTests.Reconciler;

/// <summary>
/// What must hold whatever users and operators do: random histories of reservations, deletions, foreign writes and rounds, made
/// small by the shrinker when one of them breaks a rule.
/// </summary>
public sealed class PlanPropertyTests
{
    private static readonly string[] Names =
    [
        "gw.test", "a.gw.test", "x.a.gw.test", "y.x.a.gw.test", "b.gw.test", "user.org", "www.user.org", "deep.www.user.org",
        "sub.user.org", "a.sub.user.org", "other.net", "www.other.net", "__owner__.user.org", "test", "A.GW.TEST",
    ];

    private static readonly string[] Addresses = ["203.0.113.1", "203.0.113.2", "2001:db8::1"];

    [Fact]
    public void Computing_again_after_a_plan_was_written_changes_nothing() => ForAll((world, _) =>
    {
        world.Write();
        return world.Compute().Steps.Count == 0;
    });

    [Fact]
    public void Nothing_is_written_that_stands_there_already_and_nothing_is_taken_away_that_does_not() => Histories(history =>
    {
        var world = new World { Quarantine = TimeSpan.FromMinutes(3) };
        foreach (var act in history)
        {
            if (act.Kind % 16 == 15) Meddle(world, act);
            else Perform(world, act, it => it.Round());
            world.Now += TimeSpan.FromMinutes(1);
            if (act.Kind % 4 == 3 && IdleWrite(world.Compute(), world.Redis.Copy()) is { } idle) throw new InvalidOperationException($"{idle} changes nothing");
        }

        return true;
    });

    [Fact]
    public void The_order_in_which_reservations_are_listed_does_not_matter() => ForAll((world, seed) =>
    {
        var actual = world.Redis.Read();
        return Text(Plan.Compute(world.Desired(), actual)) == Text(Plan.Compute(world.Desired(order: it => Shuffle(it, seed)), actual));
    });

    [Fact]
    public void A_slice_leads_to_the_same_state_as_the_whole() => Histories(history =>
    {
        World sliced = new(), whole = new();
        foreach (var act in history)
        {
            Perform(sliced, act, it => it.SliceRound());
            Perform(whole, act, it => it.Round());
            if (act.Kind % 8 == 7 && sliced.Redis.Dump() != whole.Redis.Dump()) return false;
        }

        sliced.SliceRound();
        return sliced.Compute().Steps.Count == 0;
    });

    [Fact]
    public void What_nobody_reserved_is_never_touched() => Histories(history =>
    {
        var world = new World();
        var own = """{"mx":[{"host":"mail.test.","preference":10,"ttl":60}]}""";
        foreach (var field in (string[])["@", "mail", "a", "*"]) world.Redis.Set("gw.test.", field, own);
        world.Redis.Set("operator.test.", "@", own);
        world.Redis.Set("/tcprouter/service/www.other.net", """{"Key":"k","Value":"eyJhZGRyIjoiMTAuMC4wLjEiLCJ0bHNwb3J0IjoxfQ=="}""");
        world.Redis.Set("somebody", "elses");
        foreach (var act in history) Perform(world, act, it => it.Round());
        world.Round();
        return world.Redis["operator.test.", "@"] == own && world.Redis["gw.test.", "@"] == own && world.Redis["gw.test.", "mail"] == own
            && world.Redis["gw.test.", "*"] == own && world.Redis["gw.test.", "a"]!.Contains("mail.test.", StringComparison.Ordinal)
            && world.Redis["/tcprouter/service/www.other.net"]!.Contains("MTAuMC4wLjEi", StringComparison.Ordinal) && world.Redis["somebody"] == "elses";
    });

    [Fact, Trait("adv", "R1")]
    public void Of_two_users_who_want_one_name_exactly_one_gets_it_and_it_is_the_first() => Histories(history =>
    {
        var world = new World();
        foreach (var act in history) Perform(world, act, it => it.Round());
        world.Round();
        // Names that no history is about, so that both users find them free.
        foreach (var name in (string[])["wanted.gw.test", "wanted.net"])
        {
            var second = world.Proxy(9, name, id: 20);
            var first = world.Proxy(7, name, id: 10);
            var plan = Plan.Compute(world.Desired(order: it => Shuffle(it, history.Length)), world.Redis.Read());
            if (plan.Outcomes[first] is not Outcome.Accepted || plan.Outcomes[second] is not Outcome.Rejected { Conflict: true }) return false;
            world.Delete(first);
            world.Delete(second);
            world.Round();
        }

        return true;
    });

    [Fact]
    public void What_was_accepted_stays_unless_it_is_deleted_or_its_zone_is_given_up() => Histories(history =>
    {
        var world = new World();
        foreach (var act in history)
        {
            var before = world.Book.Applied.Keys.ToHashSet();
            var givesUp = world.Book.Ending.Values.Any(it => it.IsDelegation);
            var ending = world.Book.Ending.Keys.ToHashSet();
            Perform(world, act, it => it.Round());
            if (act.Kind % 8 == 7 && !givesUp && before.Except(ending).Any(id => !world.Book.Applied.ContainsKey(id))) return false;
        }

        return true;
    });

    [Fact, Trait("adv", "R10")]
    public void Nobody_has_more_than_he_may_in_whatever_slices_it_comes() => Histories(history =>
    {
        var world = new World { Quotas = new QuotaLimits(3, 2, 2, 1, 4, 0) };
        foreach (var act in history)
        {
            Perform(world, act, it => it.SliceRound());
            foreach (var user in world.Book.Applied.Values.GroupBy(it => it.Content.User))
            {
                if (user.CountBy(it => it.Category).Any(it => it.Value > world.Quotas.Of(it.Key).Most)) return false;
                if (user.Select(it => it.Name).Distinct().Count() > 4) return false;
            }
        }

        return true;
    });

    [Fact, Trait("adv", "R10")]
    public void Nobody_gets_more_in_a_minute_than_he_may_and_nobody_is_too_fast_who_made_no_more() => Histories(history =>
    {
        var world = new World { Quotas = QuotaLimits.None with { AMinute = 3 } };
        var made = new Dictionary<string, (long User, DateTimeOffset Minute)>();
        foreach (var act in history)
        {
            Perform(world, act, it => it.SliceRound());
            foreach (var it in world.Live.Values) made[it.Id] = MadeAt(it);
            world.Made += TimeSpan.FromSeconds(act.Who % 16);
            if (world.Book.Applied.Values.CountBy(MadeAt).Any(it => it.Value > 3)) return false;
            if (act.Kind % 8 != 7) continue;
            var tooFast = world.LastPlan.Outcomes.Where(it => it.Value is Outcome.Rejected rejected && rejected.Reason.Contains("in one minute", StringComparison.Ordinal)).Select(it => made[it.Key]);
            if (tooFast.Any(at => made.Values.Count(it => it == at) <= 3)) return false;
        }

        return true;
    });

    private static (long User, DateTimeOffset Minute) MadeAt(LiveReservation it) =>
        (it.Content.User, DateTimeOffset.FromUnixTimeSeconds(it.Content.Created.ToUnixTimeSeconds() / 60 * 60));

    [Fact]
    public void Of_a_frozen_user_nothing_is_served_and_unfrozen_everything_is_as_it_was() => ForAll((world, _) =>
    {
        world.Round();
        var before = Facts(world);
        world.Frozen.Add(7);
        world.Round();
        if (world.Compute().Steps.Count > 0) return false;
        var actual = world.Redis.Read();
        if (actual.Routes.Values.Any(it => it.Value!.Rules.IsFrozen != (it.Value.User == "7"))) return false;
        if (world.Book.Applied.Values.Any(it => it is { Content: Gateway.Model.Reservations.Reservation.Subdomain { User: 7 }, Name: { } name } && HasAddress(actual, name))) return false;
        world.Frozen.Clear();
        world.Round();
        return Facts(world) == before;
    });

    // A plan is written and the power fails, a user is frozen or unfrozen, something is damaged or taken away.
    private static void Meddle(World world, Act act)
    {
        switch (act.What % 4)
        {
            case 0: world.Write(); break;
            case 1 when !world.Frozen.Remove(7): world.Frozen.Add(7); break;
            case > 1: Damage(world, act); break;
        }
    }

    private static void Damage(World world, Act act)
    {
        string[] hashes = [RedisSchema.NameOwnersKey, RedisSchema.ZoneOwnersKey, RedisSchema.QuarantineKey, "gw.test.", "user.org."];
        var key = hashes[act.Who % hashes.Length];
        if (world.Redis.Hash(key).Keys.Order(StringComparer.Ordinal).ElementAtOrDefault(act.Who / 8 % 8) is not { } field) return;
        if (act.What % 4 == 2) world.Redis.Set(key, field, "garbage");
        else world.Redis.Delete(key, field);
    }

    // Each write by itself, as the plan has them one after the other: a zone that is emptied first is written anew.
    private static LedgerWrite? IdleWrite(Plan plan, PaperRedis redis)
    {
        foreach (var write in plan.Steps.SelectMany(World.Writes().Of))
        {
            if (IsIdle(write, redis)) return write;
            redis.Apply([write]);
        }

        return null;
    }

    // A zone that is emptied may be empty.
    private static bool IsIdle(LedgerWrite write, PaperRedis redis) => write switch
    {
        LedgerWrite.SetField it => redis[it.Key, it.Field] == it.Value,
        LedgerWrite.SetString it => redis[it.Key] == it.Value,
        LedgerWrite.DeleteField it => redis[it.Key, it.Field] is null,
        _ => false,
    };

    // Several reservations add their addresses in the order in which they come: a set of records has none (RFC 2181 section 5).
    private static string Facts(World world)
    {
        var actual = world.Redis.Read();
        var records = actual.Records.Select(it => $"{it.Key} {string.Join(',', it.Value.Value!.Select(record => record.ToString()).Order(StringComparer.Ordinal))}");
        var rest = actual.Routes.Select(it => $"{it.Key} {it.Value.Raw}").Concat(actual.NameOwners.Select(it => $"{it.Key} {it.Value.Raw}"));
        return string.Join('\n', records.Concat(rest).Order(StringComparer.Ordinal));
    }

    private static bool HasAddress(ActualState actual, DomainName name) =>
        actual.Records.Any(it => it.Key.Name == name && it.Value.Value!.Any(record => record.Data is Gateway.Model.Records.Rdata.A or Gateway.Model.Records.Rdata.Aaaa));

    [Fact, Trait("adv", "R5")]
    public void A_name_that_goes_to_another_user_has_rested_before() => Histories(history =>
    {
        var world = new World { Quarantine = TimeSpan.FromMinutes(3) };
        var (holders, left) = (new Dictionary<DomainName, long>(), new Dictionary<DomainName, (long User, DateTimeOffset At)>());
        foreach (var act in history)
        {
            Perform(world, act, it => it.Round());
            if (act.Kind % 8 != 7) continue;
            var now = world.Book.Applied.Values.Where(it => it.Name is { } name && IsInNobodysZone(world, name)).GroupBy(it => it.Name!.Value).ToDictionary(it => it.Key, it => it.First().Content.User);
            foreach (var (name, user) in now)
            {
                if (holders.TryGetValue(name, out var holder) && holder != user) return false;
                if (left.TryGetValue(name, out var last) && last.User != user && world.Now - last.At < world.Quarantine) return false;
                left.Remove(name);
            }

            foreach (var (name, user) in holders.Where(it => !now.ContainsKey(it.Key) && IsInNobodysZone(world, it.Key))) left[name] = (user, world.Now);
            holders = now;
            world.Now += TimeSpan.FromMinutes(1);
        }

        return true;
    });

    // What goes with a zone rests with it.
    private static bool IsInNobodysZone(World world, DomainName name) => !world.Book.Applied.Values.Any(it => it.IsDelegation && name.IsAtOrUnder(it.Name!.Value));

    [Fact, Trait("adv", "R6")]
    public void Nobody_gets_a_managed_name_of_another_user_or_one_above_or_below_it() => Histories(history =>
    {
        var world = new World();
        var gateway = DomainName.Parse("gw.test");
        foreach (var act in history)
        {
            var before = world.Book.Applied.Keys.ToHashSet();
            Perform(world, act, it => it.Round());
            var held = world.Book.Applied.Values.Where(it => it.Name is { } name && name.IsUnder(gateway)).ToList();
            foreach (var it in held)
            {
                if (held.Any(other => other.Content.User != it.Content.User && other.Name!.Value == it.Name!.Value)) return false;
                if (!before.Contains(it.Id) && held.Any(above => above.Content.User != it.Content.User && IsAboveOrBelow(it, above) && IsEarlier(above, it, before))) return false;
            }
        }

        return true;
    });

    private static bool IsAboveOrBelow(LiveReservation one, LiveReservation other) => one.Name!.Value.IsUnder(other.Name!.Value) || other.Name!.Value.IsUnder(one.Name!.Value);

    private static bool IsEarlier(LiveReservation one, LiveReservation other, HashSet<string> before) => before.Contains(one.Id) || Number(one) < Number(other);

    private static long Number(LiveReservation it) => long.Parse(it.Id.AsSpan(0, it.Id.IndexOf('-', StringComparison.Ordinal)), CultureInfo.InvariantCulture);

    private static void ForAll(Func<World, int, bool> holds) => Histories(history =>
    {
        var world = new World();
        foreach (var act in history) Perform(world, act, it => it.Round());
        return holds(world, history.Length);
    });

    private static void Histories(Func<Act[], bool> holds)
    {
        var acts = ArbMap.Default.ArbFor<(byte, byte, byte)[]>();
        Prop.ForAll(acts, history => holds([.. history.Select(it => new Act(it.Item1, it.Item2, it.Item3))]))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(300).WithStartSize(1).WithEndSize(60));
    }

    private static void Perform(World world, Act act, Action<World> round)
    {
        var name = Names[act.What % Names.Length];
        var user = act.Who % 2 == 0 ? 7 : 9;
        var address = Addresses[act.Who / 2 % Addresses.Length];
        switch (act.Kind % 8)
        {
            case 0: world.Delegate(user, name); break;
            case 1 or 2: world.Subdomain(user, name, address, Addresses[act.What % 3]); break;
            case 3: world.Proxy(user, name, "198.51.100." + act.Who); break;
            case 4: world.Tunnel(user, name, "secret" + act.Who); break;
            case 5 or 6: world.Delete(world.Live.Keys.Order(StringComparer.Ordinal).ElementAtOrDefault(act.What % Math.Max(1, world.Live.Count)) ?? ""); break;
            default: round(world); break;
        }
    }

    private static LiveReservation[] Shuffle(IEnumerable<LiveReservation> items, int seed)
    {
        var shuffled = items.ToArray();
        new Random(seed).Shuffle(shuffled);
        return shuffled;
    }

    private static string Text(Plan plan)
    {
        var text = new StringBuilder();
        foreach (var write in plan.Steps.SelectMany(World.Writes().Of)) text.AppendLine(write.ToString());
        return text.ToString();
    }

    private readonly record struct Act(byte Kind, byte What, byte Who);
}
