using Gateway.Cli.Doctor;
using Gateway.Model;
using Xunit;

namespace Gateway.UnitTests.Cli.Doctor;

/// <summary>The examples of the RFCs: each DS fits its own key, and no other.</summary>
public sealed class DelegationSignerTests
{
    // RFC 4034 section 5.4, RFC 4509 section 2.3, RFC 6605 sections 6.1 and 6.2.
    private static readonly (string Zone, string Ds, string Key)[] Examples =
    [
        ("dskey.example.com", "EC450501" + "2BB183AF5F22588179A53B0A98631FAD1A292118", "01000305" + Rsa),
        ("dskey.example.com", "EC450502" + "D4B7D520E7BB5F0F67674A0CCEB1E3E0614B93C4F9E99B8383F6A1E4469DA50A", "01000305" + Rsa),
        ("example.net", "D9600D02" + "B4C8C1FE2E7477127B27115656AD6256F424625BF5C1E2770CE6D6E37DF61D17",
            "0101030D" + Hex("GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edbkrSqQpF64cYbcB7wNcP+e+MAnLr+Wi9xMWyQLc8NAA==")),
        ("example.net", "2A130E04" + "72D7B62976CE06438E9C0BF319013CF801F09ECC84B8D7E9495F27E305C6A9B0563A9B5F4D288405C3008A946DF983D6",
            "0101030E" + Hex("xKYaNhWdGOfJ+nPrL8/arkwf2EY3MDJ+SErKivBVSum1w/egsXvSADtNJhyem5RCOpgQ6K8X1DRSEkrbYQ+OB+v8/uX45NBwY8rp65F6Glur8I/mlVNgF6W/qTI37m40")),
    ];

    private static string Rsa => Hex("AQOeiiR0GOMYkDshWoSKz9XzfwJr1AYtsmx3TGkJaNXVbfi/2pHm822aJ5iI9BMzNXxeYCmZDRD99WYwYqUSdjMmmAphXdvxegXd/M5+X7OrzKBaMbCVdFLUUh6DhweJBjEVv5f2wwjM9XzcnOf+EPbtG9DMBmADjFDc2w/rljwvFw==");

    public static TheoryData<int> Numbers => [.. Enumerable.Range(0, Examples.Length)];

    [Theory]
    [MemberData(nameof(Numbers))]
    public void A_record_fits_the_key_that_it_was_made_of_and_no_other(int number)
    {
        var (zone, ds, key) = Examples[number];
        Assert.True(Fits(zone, ds, key));
        Assert.False(Fits("other." + zone, ds, key));
        foreach (var (_, _, other) in Examples) Assert.Equal(other == key, Fits(zone, ds, other));
    }

    [Fact]
    public void What_is_cut_short_fits_nothing_and_an_unknown_digest_is_judged_by_its_tag()
    {
        var (zone, ds, key) = Examples[2];
        Assert.False(Fits(zone, ds[..8], key));
        Assert.False(Fits(zone, "", ""));
        Assert.False(Fits(zone, ds[..^2], key));
        Assert.True(Fits(zone, "D9600DC8" + "00", key));
    }

    private static bool Fits(string zone, string ds, string key) => DelegationSigner.Fits(DomainName.Parse(zone), Convert.FromHexString(ds), Convert.FromHexString(key));

    private static string Hex(string base64) => Convert.ToHexString(Convert.FromBase64String(base64));
}
