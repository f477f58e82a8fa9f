using System.Globalization;
using System.Text;

namespace Gateway.DnsBenchmark;

/// <summary>The same zone for every server, from a seed: a third of the names has IPv6 too, some have texts, and there are wildcards.</summary>
internal static class ZoneFiles
{
    private const int Queries = 200_000;

    public static void WriteOneZone(string directory, int names)
    {
        using var zone = new StreamWriter(Path.Combine(directory, "zone.txt"));
        using var redis = new StreamWriter(Path.Combine(directory, "redis.txt"), new UTF8Encoding(false), new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, BufferSize = 1 << 16 });
        zone.WriteLine("bench.test. 300 IN SOA ns1.gateway.test. hostmaster.bench.test. 1 3600 600 604800 10");
        zone.WriteLine("bench.test. 300 IN NS ns1.gateway.test.");
        Command(redis, "HSET", "zone", "bench.test", """{"Owner":"1"}""");
        for (var i = 0; i < names; i++) WriteName(zone, redis, i);
        for (var i = 0; i < 10; i++)
        {
            zone.WriteLine($"*.w{i}.bench.test. 300 IN A 192.0.2.1");
            Command(redis, "HSET", "bench.test.", $"*.w{i}", """{"a":[{"ip":"192.0.2.1","ttl":300}]}""");
        }

        WriteQueries(Path.Combine(directory, "queries.txt"), names);
    }

    public static void WriteManyZones(string directory, int zones)
    {
        using var redis = new StreamWriter(Path.Combine(directory, "redis.txt"));
        using var queries = new StreamWriter(Path.Combine(directory, "queries.txt"));
        for (var i = 0; i < zones; i++)
        {
            Command(redis, "HSET", "zone", $"user{i}.test", """{"Owner":"1"}""");
            foreach (var name in new[] { "@", "www", "mail" }) Command(redis, "HSET", $"user{i}.test.", name, $$"""{"a":[{"ip":"{{Address(i)}}","ttl":3600}]}""");
        }

        var random = new SeededNumbers(2);
        for (var i = 0; i < Queries; i++) queries.WriteLine(random.Next(10) == 0 ? $"missing.user{random.Next(zones)}.test A" : $"www.user{random.Next(zones)}.test A");
    }

    private static void WriteName(StreamWriter zone, StreamWriter redis, int i)
    {
        var name = $"host{i}";
        var json = new StringBuilder($$"""{"a":[{"ip":"{{Address(i)}}","ttl":3600}]""");
        zone.WriteLine($"{name}.bench.test. 300 IN A {Address(i)}");
        if (i % 3 == 0)
        {
            zone.WriteLine($"{name}.bench.test. 300 IN AAAA 2001:db8::{i & 0xFFFF:x}");
            json.Append(CultureInfo.InvariantCulture, $$""","aaaa":[{"ip":"2001:db8::{{i & 0xFFFF:x}}","ttl":3600}]""");
        }

        if (i % 10 == 0)
        {
            zone.WriteLine($"{name}.bench.test. 300 IN TXT \"v=spf1 -all {i}\"");
            json.Append(CultureInfo.InvariantCulture, $$""","txt":[{"text":"v=spf1 -all {{i}}","ttl":3600}]""");
        }

        Command(redis, "HSET", "bench.test.", name, json.Append('}').ToString());
    }

    private static void WriteQueries(string path, int names)
    {
        using var queries = new StreamWriter(path);
        var random = new SeededNumbers(1);
        for (var i = 0; i < Queries; i++)
        {
            var kind = random.Next(100);
            if (kind < 10) queries.WriteLine($"missing{random.Next(1_000_000)}.bench.test A");
            else if (kind < 13) queries.WriteLine($"x{random.Next(1_000_000)}.w{random.Next(10)}.bench.test A");
            else if (kind < 30) queries.WriteLine($"host{3 * random.Next(names / 3)}.bench.test AAAA");
            else queries.WriteLine($"host{random.Next(names)}.bench.test A");
        }
    }

    private static string Address(int i) => $"203.{(i >> 16) & 255}.{(i >> 8) & 255}.{i & 255}";

    /// <summary>One command as redis-cli --pipe wants it.</summary>
    private static void Command(StreamWriter to, params string[] words)
    {
        to.Write($"*{words.Length}\r\n");
        foreach (var word in words) to.Write($"${Encoding.UTF8.GetByteCount(word)}\r\n{word}\r\n");
    }
}

/// <summary>The same numbers in every run (splitmix64).</summary>
internal sealed class SeededNumbers(ulong seed)
{
    private ulong _state = seed;

    public int Next(int below)
    {
        var z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return (int)((z ^ (z >> 31)) % (ulong)below);
    }
}
