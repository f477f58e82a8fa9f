using System.Text;
using Gateway.Model;
using Gateway.Router.Sniff;
using Xunit;

namespace Gateway.UnitTests.Router.Sniff;

[Trait("adv", "H7")]
public sealed class ClientHelloTests
{
    private const string Name = "shop.example.org";
    private static readonly DomainName Host = DomainName.Parse(Name);

    [Theory]
    [InlineData("shop.example.org")]
    [InlineData("SHOP.Example.ORG")]
    [InlineData("shop.example.org.")]
    public void A_name_is_found_in_any_case_and_with_a_trailing_dot(string spelling) => ShouldFind(Hello.For(spelling));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(100)]
    public void A_hello_over_many_records_is_read(int fragment) => ShouldFind(new Hello().WithName(Name).Record(fragment));

    [Fact]
    public void Sixty_kibibytes_of_keys_before_the_name_are_read()
    {
        var hello = new Hello().WithExtension(51, new byte[60 * 1024]).WithName(Name);
        ShouldFind(hello.Record());
        ShouldFind(hello.Record(1));
    }

    [Fact]
    public void Grease_and_unknown_extensions_are_passed_over() =>
        ShouldFind(new Hello().WithExtension(0x0a0a, []).WithExtension(0xfafa, [0]).WithExtension(0xfe0d, new byte[300]).WithName(Name).WithExtension(41, new byte[64]).Record());

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(4)]
    public void The_version_of_the_record_layer_is_ignored(int minor) =>
        ShouldFind(new Hello { RecordMinor = (byte)minor, SessionIdLength = 0 }.WithName(Name).Record());

    [Fact]
    public void Whatever_follows_the_hello_is_left_alone() => ShouldFind([.. Hello.For(Name), 23, 3, 3, 0, 1, 0]);

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(16384)]
    public void A_hello_that_comes_byte_by_byte_is_found_at_its_last_byte_and_no_sooner(int fragment)
    {
        var hello = new Hello().WithExtension(51, new byte[1200]).WithName(Name).Record(fragment);
        var records = new HandshakeRecords();
        for (var length = 0; length < hello.Length; length++)
        {
            Assert.Equal(SniffResult.NeedMore, ClientHello.TryReadServerName(hello.AsSpan(0, length), ref records, out _));
            Assert.Equal(SniffResult.NeedMore, ClientHello.TryReadServerName(hello.AsSpan(0, length), out _));
        }

        Assert.Equal(SniffResult.Found, ClientHello.TryReadServerName(hello, ref records, out var host));
        Assert.Equal(Host, host);
    }

    [Fact]
    public void A_hello_without_a_name_says_so()
    {
        Assert.Equal(SniffResult.NoName, Read(new Hello().Record()));
        Assert.Equal(SniffResult.NoName, Read(new Hello().WithExtension(43, [2, 3, 4]).Record()));
    }

    public static TheoryData<string> Unusable =>
    [
        "", ".", "..", "a..b", "-a.example", "*.example.org", "a\0.example.org", "a b.example", "::1", "[::1]", @"\097.example",
        "h\u00fcte.example", new string('a', 64) + ".example", string.Join('.', Enumerable.Repeat("abcdefg", 40)),
    ];

    [Theory, MemberData(nameof(Unusable))]
    public void A_name_that_no_host_can_have_is_malformed(string name) => Assert.Equal(SniffResult.Malformed, Read(Hello.For(name)));

    [Fact]
    public void Two_names_are_malformed_because_nobody_knows_which_one_the_server_believes()
    {
        Assert.Equal(SniffResult.Malformed, Read(new Hello().WithExtension(0, Hello.NameList(Name, "other.example")).Record()));
        Assert.Equal(SniffResult.Malformed, Read(new Hello().WithName(Name).WithName(Name).Record()));
    }

    [Fact]
    public void An_IPv4_literal_is_looked_up_like_any_name() => Assert.Equal(SniffResult.Found, Read(Hello.For("192.0.2.1")));

    [Theory]
    [InlineData("GET / HTTP/1.1\r\n\r\n")]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n")]
    [InlineData("\u0080\u002e\u0001\u0003\u0001")]
    [InlineData("\u0017\u0003\u0003\u0000\u0001\u0000")]
    [InlineData("\u0016\u0002\u0000\u0000\u0001")]
    public void What_is_no_handshake_record_is_no_TLS(string bytes) => Assert.Equal(SniffResult.NotTls, Read(Encoding.Latin1.GetBytes(bytes)));

    [Fact]
    public void Broken_records_and_messages_are_malformed()
    {
        var hello = Hello.For(Name);
        byte[] emptyRecord = [22, 3, 1, 0, 0], longRecord = [22, 3, 1, 0x40, 1];
        Assert.Equal(SniffResult.Malformed, Read(emptyRecord));
        Assert.Equal(SniffResult.Malformed, Read(longRecord));
        Assert.Equal(SniffResult.Malformed, Read([22, 3, 1, 0, 4, 2, 0, 0, 0]));
        Assert.Equal(SniffResult.Malformed, Read([22, 3, 1, 0, 4, 1, 1, 0, 0]));
        Assert.Equal(SniffResult.Malformed, Read([.. new Hello().WithName(Name).Record(100)[..105], 23, 3, 3, 0, 1]));
        hello[9 + 34] = 33;
        Assert.Equal(SniffResult.Malformed, Read(hello));
    }

    [Fact]
    public void Mutated_hellos_never_throw_and_never_give_a_name_that_is_none()
    {
        var random = new Random(20201);
        byte[][] seeds = [Hello.For(Name), new Hello().WithName(Name).Record(7), new Hello().WithExtension(0, Hello.NameList("a.b", "c.d")).Record()];
        for (var round = 0; round < 200_000; round++)
        {
            var bytes = (byte[])seeds[round % seeds.Length].Clone();
            for (var change = random.Next(1, 5); change > 0; change--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            var result = ClientHello.TryReadServerName(bytes.AsSpan(0, random.Next(bytes.Length + 1)), out var host);
            Assert.True(result != SniffResult.Found || host.IsHostName);
        }
    }

    [Theory]
    [InlineData("GET / HTTP/1.1", true)]
    [InlineData("G", true)]
    [InlineData("PRI * HTTP/2.0", true)]
    [InlineData("PRINT", false)]
    [InlineData("SSH-2.0", false)]
    [InlineData("", false)]
    public void Plain_HTTP_is_told_from_other_tongues(string bytes, bool http) => Assert.Equal(http, PlainHttp.IsRequest(Encoding.ASCII.GetBytes(bytes)));

    private static SniffResult Read(byte[] bytes) => ClientHello.TryReadServerName(bytes, out _);

    private static void ShouldFind(byte[] bytes)
    {
        Assert.Equal(SniffResult.Found, ClientHello.TryReadServerName(bytes, out var host));
        Assert.Equal(Host, host);
    }
}
