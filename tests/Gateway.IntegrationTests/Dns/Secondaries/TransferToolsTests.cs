using Xunit;

namespace Gateway.IntegrationTests.Dns.Secondaries;

/// <summary>What dig, kdig and named-checkzone make of our transfers and signatures.</summary>
public sealed class TransferToolsTests
{
    [Theory]
    [InlineData("hmac-sha256")]
    [InlineData("hmac-sha384")]
    [InlineData("hmac-sha512")]
    public async Task Dig_and_kdig_check_the_signature_of_every_message(string algorithm)
    {
        await using var primary = new Primary(algorithm);
        primary.Fill();
        var dig = await Dig.AskAsync(primary.Port, "-y", primary.KeyArgument, "zone.example", "AXFR");
        Assert.DoesNotContain("TSIG could not be validated", dig, StringComparison.Ordinal);
        Assert.DoesNotContain("failed", dig, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("host1999.zone.example.", dig, StringComparison.Ordinal);
        var kdig = await ProgramRun.OutputAsync("kdig", $"@127.0.0.1 -p {primary.Port} -y {primary.KeyArgument} zone.example AXFR");
        Assert.DoesNotContain("WARNING", kdig, StringComparison.Ordinal);
        Assert.Contains("host1999.zone.example.", kdig, StringComparison.Ordinal);

        foreach (var transport in new[] { "+notcp", "+tcp" })
        {
            var soa = await Dig.AskAsync(primary.Port, transport, "-y", primary.KeyArgument, "zone.example", "SOA");
            Assert.Contains("status: NOERROR", soa, StringComparison.Ordinal);
            Assert.Contains(primary.Algorithm, soa, StringComparison.Ordinal);
            Assert.DoesNotContain("could not be validated", soa, StringComparison.Ordinal);
            Assert.DoesNotContain("verify failure", soa, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Named_checkzone_takes_the_dump_of_a_transfer()
    {
        await using var primary = new Primary("hmac-sha256");
        primary.Fill();
        var dump = await Dig.AskAsync(primary.Port, "+noall", "+answer", "+onesoa", "-y", primary.KeyArgument, "zone.example", "AXFR");
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, dump, TestContext.Current.CancellationToken);
            var verdict = await ProgramRun.OutputAsync("named-checkzone", $"-i local zone.example {file}");
            Assert.Contains($"loaded serial {primary.Serial}", verdict, StringComparison.Ordinal);
            Assert.EndsWith("OK\n", verdict, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    [Trait("adv", "D15")]
    public async Task Who_may_not_transfer_is_told_why_and_nothing_else()
    {
        await using var primary = new Primary("hmac-sha256");
        primary.Fill();
        var wrong = Convert.ToBase64String(new byte[32]);
        await RefusedAsync(primary, "REFUSED", "zone.example", "AXFR");
        await RefusedAsync(primary, "REFUSED", "zone.example", "IXFR=1");
        await RefusedAsync(primary, "REFUSED", "+notcp", "zone.example", "IXFR=1");
        await RefusedAsync(primary, "BADSIG", "-y", $"hmac-sha256:{Primary.Key}:{wrong}", "zone.example", "AXFR");
        await RefusedAsync(primary, "BADKEY", "-y", $"hmac-sha256:other.key:{wrong}", "zone.example", "AXFR");
        await RefusedAsync(primary, "BADKEY", "-y", $"hmac-sha512:{Primary.Key}:{Primary.Base64}", "zone.example", "AXFR");
        await RefusedAsync(primary, "NOTAUTH", "-y", primary.KeyArgument, "sub.zone.example", "AXFR");
        Assert.Equal(0, primary.Transfers.Whole + primary.Transfers.Incremental);
    }

    [Fact]
    public async Task Dig_gets_a_small_difference_by_UDP_and_the_SOA_alone_for_a_large_one()
    {
        await using var primary = new Primary("hmac-sha256");
        primary.Fill();
        var before = primary.Serial;
        primary.Put("new", """{"a":[{"ip":"198.51.100.1"}]}""");
        primary.Commit();
        var small = await Dig.AskAsync(primary.Port, "+notcp", "-y", primary.KeyArgument, "zone.example", $"IXFR={before}");
        Assert.Contains("198.51.100.1", small, StringComparison.Ordinal);
        Assert.Contains("(UDP)", small, StringComparison.Ordinal);
        Assert.DoesNotContain("could not be validated", small, StringComparison.Ordinal);
        for (var i = 0; i < 500; i++) primary.Put($"host{i}", """{"a":[{"ip":"198.51.100.2"}]}""");
        primary.Commit();
        var large = await Dig.AskAsync(primary.Port, "+notcp", "-y", primary.KeyArgument, "zone.example", $"IXFR={before}");
        Assert.Contains($" {primary.Serial} ", large, StringComparison.Ordinal);
        Assert.DoesNotContain("host7", large, StringComparison.Ordinal);
        var whole = await Dig.AskAsync(primary.Port, "+tcp", "-y", primary.KeyArgument, "zone.example", $"IXFR={before}");
        Assert.Contains("host7", whole, StringComparison.Ordinal);
    }

    private static async Task RefusedAsync(Primary primary, string code, params string[] question)
    {
        var text = await Dig.AskAsync(primary.Port, ["+comments", "+all", .. question]);
        Assert.Contains(code, text, StringComparison.Ordinal);
        Assert.DoesNotContain("host7", text, StringComparison.Ordinal);
    }
}
