using Gateway.Explorer.Http;
using Gateway.Model.Crypto;
using Xunit;

namespace Gateway.UnitTests.Explorer;

public sealed class TokenBucketsTests
{
    [Fact]
    public void A_key_has_a_burst_and_then_its_rate_whatever_others_do()
    {
        var rates = new TokenBuckets<PublicKey>(10);
        var (one, other) = (Identity.Create().PublicKey, Identity.Create().PublicKey);
        Assert.Equal(40, Admitted(rates, one, 0, 100));
        Assert.Equal(40, Admitted(rates, other, 0, 100));
        Assert.True(PublicKey.TryFromHex(one.Hex, out var same));
        Assert.Equal(0, Admitted(rates, same, 99, 10));
        Assert.Equal(1, Admitted(rates, one, 100, 10));
        Assert.Equal(40, Admitted(rates, one, 1_000_000, 100));
    }

    [Fact]
    public void No_limit_slows_nobody_down() => Assert.Equal(1000, Admitted(new TokenBuckets<int>(0), 1, 0, 1000));

    [Fact]
    public void However_many_keys_come_the_table_stays_bounded_and_answers()
    {
        var rates = new TokenBuckets<int>(1);
        for (var i = 0; i < 200_000; i++) Assert.True(rates.Admit(i, 0));
    }

    private static int Admitted<TKey>(TokenBuckets<TKey> rates, TKey asker, long now, int tries) where TKey : notnull =>
        Enumerable.Range(0, tries).Count(_ => rates.Admit(asker, now));
}
