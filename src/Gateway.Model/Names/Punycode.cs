using System.Text;

namespace Gateway.Model.Names;

/// <summary>Unicode in the letters that the DNS has (RFC 3492): what follows "xn--" in a label. Pure; what cannot be read gives null.</summary>
public static class Punycode
{
    /// <summary>What a label that stands for other letters begins with (RFC 5890 section 2.3.2.5).</summary>
    public const string Prefix = "xn--";

    // RFC 3492 section 5.
    private const int Base = 36, TMin = 1, TMax = 26, Skew = 38, Damp = 700, InitialBias = 72, InitialN = 0x80;

    /// <summary>The code points that a text without its prefix stands for; null when it is no Punycode.</summary>
    public static int[]? Decode(ReadOnlySpan<char> text)
    {
        var points = new List<int>();
        var basic = Math.Max(text.LastIndexOf('-'), 0);
        foreach (var letter in text[..basic]) points.Add(letter);
        int n = InitialN, i = 0, bias = InitialBias;
        for (var at = basic > 0 ? basic + 1 : 0; at < text.Length;)
        {
            if (Delta(text, ref at, bias) is not { } delta || delta > int.MaxValue - i) return null;
            bias = Adapt(delta, points.Count + 1, points.Count == basic);
            i += delta;
            if (i / (points.Count + 1) > 0x10FFFF - n) return null;
            n += i / (points.Count + 1);
            i %= points.Count + 1;
            if (!Rune.IsValid(n)) return null;
            points.Insert(i++, n);
        }

        return [.. points];
    }

    /// <summary>Code points as Punycode, without the prefix.</summary>
    public static string Encode(IReadOnlyList<int> points)
    {
        var text = new StringBuilder();
        foreach (var point in points.Where(it => it < InitialN)) text.Append((char)point);
        var basic = text.Length;
        if (basic > 0) text.Append('-');
        int n = InitialN, delta = 0, bias = InitialBias, done = basic;
        while (done < points.Count)
        {
            var next = points.Where(it => it >= n).Min();
            delta += (next - n) * (done + 1);
            n = next;
            foreach (var point in points)
            {
                if (point < n) delta++;
                if (point != n) continue;
                Append(text, delta, bias);
                bias = Adapt(delta, done + 1, done == basic);
                (delta, done) = (0, done + 1);
            }

            (delta, n) = (delta + 1, n + 1);
        }

        return text.ToString();
    }

    // A number of variable length, least digit first (RFC 3492 section 3.3).
    private static int? Delta(ReadOnlySpan<char> text, ref int at, int bias)
    {
        long delta = 0, weight = 1;
        for (var k = Base; at < text.Length; k += Base)
        {
            var digit = Digit(text[at++]);
            delta += digit * weight;
            if (digit < 0 || delta > int.MaxValue) return null;
            var threshold = Threshold(k, bias);
            if (digit < threshold) return (int)delta;
            weight *= Base - threshold;
            if (weight > int.MaxValue) return null;
        }

        return null;
    }

    private static void Append(StringBuilder text, int delta, int bias)
    {
        for (var k = Base; ; k += Base)
        {
            var threshold = Threshold(k, bias);
            if (delta < threshold) break;
            text.Append(Letter(threshold + ((delta - threshold) % (Base - threshold))));
            delta = (delta - threshold) / (Base - threshold);
        }

        text.Append(Letter(delta));
    }

    private static int Threshold(int k, int bias) => Math.Clamp(k - bias, TMin, TMax);

    private static int Adapt(int delta, int count, bool isFirst)
    {
        delta = isFirst ? delta / Damp : delta / 2;
        delta += delta / count;
        var k = 0;
        for (; delta > (Base - TMin) * TMax / 2; k += Base) delta /= Base - TMin;
        return k + ((Base - TMin + 1) * delta / (delta + Skew));
    }

    private static int Digit(char letter) => letter switch
    {
        >= 'a' and <= 'z' => letter - 'a',
        >= 'A' and <= 'Z' => letter - 'A',
        >= '0' and <= '9' => letter - '0' + 26,
        _ => -1,
    };

    private static char Letter(int digit) => (char)(digit < 26 ? 'a' + digit : '0' + digit - 26);
}
