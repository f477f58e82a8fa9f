using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Gateway.Model.ExplorerApi;
using Xunit;

namespace Gateway.UnitTests.Model.ExplorerApi;

public sealed class ExplorerJsonTests
{
    private const string Node = "4CcKDtU1JNGi8U4D8Rv9CHzfmF7xzaxEAPFA54eQjRHF";

    // Two of the contract's literal examples, with their elided signatures.
    private const string ProxyText = """{"workload_id":1,"node_id":"4CcKDtU1JNGi8U4D8Rv9CHzfmF7xzaxEAPFA54eQjRHF","pool_id":42,"reference":"","description":"","signing_request_provision":{"signers":[],"quorum_min":0},"signing_request_delete":{"signers":[7],"quorum_min":1},"id":4321,"json":"","customer_tid":7,"customer_signature":"ab","next_action":3,"signatures_provision":[],"signature_farmer":{"tid":0,"signature":"","epoch":0},"signatures_delete":[],"epoch":1610000003,"metadata":"","result":{"category":0,"workload_id":"","data_json":null,"signature":"","state":0,"message":"","epoch":0,"node_id":""},"workload_type":5,"version":2,"domain":"www.user7.org","addr":"198.51.100.7","port":80,"port_tls":443}""";
    private const string Gateway4To6Text = """{"workload_id":1,"node_id":"4CcKDtU1JNGi8U4D8Rv9CHzfmF7xzaxEAPFA54eQjRHF","pool_id":42,"reference":"","description":"","signing_request_provision":{"signers":[],"quorum_min":0},"signing_request_delete":{"signers":[7],"quorum_min":1},"id":4325,"json":"","customer_tid":7,"customer_signature":"ab","next_action":4,"signatures_provision":[],"signature_farmer":{"tid":0,"signature":"","epoch":0},"signatures_delete":[{"tid":7,"signature":"cd","epoch":1610000100}],"epoch":1610000003,"metadata":"","result":{"category":9,"workload_id":"4325-1","data_json":{"ips":["fd76:7179:c7a2:bff1:147d:8bab:d0e2:fd13"],"peers":[{"public_key":"BHJj6wHSfUp/man7mpqQO41B7D82/sFRH/cHwff7m14=","endpoint":"203.0.113.1:3443","allowed_ips":["::/0"]}]},"signature":"01ef","state":1,"message":"","epoch":1610000005,"node_id":"4CcKDtU1JNGi8U4D8Rv9CHzfmF7xzaxEAPFA54eQjRHF"},"workload_type":9,"version":2,"public_key":"mR5fBXohKe2MZ6v+GLwlKwrvkFxo1VvV3bPNHDBhOAI="}""";
    private const string GatewayText = """{"id":3,"node_id":"4CcKDtU1JNGi8U4D8Rv9CHzfmF7xzaxEAPFA54eQjRHF","farm_id":1,"os_version":"master@59aa105","created":1609990000,"updated":1610000000,"uptime":3600,"address":"","location":{"city":"Ghent","country":"Belgium","continent":"Europe","latitude":51.05,"longitude":3.71},"public_key_hex":"2f8c6129d816cf51c374bc7f08c3e63ed156cf78aefb4a6550d97b87997977ee","workloads":{"network":0,"network_resource":0,"volume":0,"zdb_namespace":0,"container":0,"k8s_vm":0,"proxy":1,"reverse_proxy":2,"subdomain":3,"delegate_domain":1},"managed_domains":["gw.example.com"],"tcp_router_port":18000,"dns_nameserver":["ns1.example.com"],"free_to_use":true}""";
    private const string ResourcesText = """{"cru":0,"mru":0,"hru":0,"sru":0,"network":0,"network_resource":0,"volume":0,"zdb_namespace":0,"container":0,"k8s_vm":0,"proxy":1,"reverse_proxy":2,"subdomain":3,"delegate_domain":4}""";
    private const string UserText = """{"id":7,"name":"user7.3bot","email":"","pubkey":"f27a284047b2f49822a5a4212bbbfe7a816dc2017254d99ea6c8f73090a12dca","host":"","description":""}""";

    [Fact]
    public void The_contracts_examples_are_read_and_written_octet_for_octet()
    {
        Assert.Equal(ProxyText, Rewrite<Workload>(ProxyText));
        Assert.Equal(Gateway4To6Text, Rewrite<Workload>(Gateway4To6Text));
        Assert.Equal(GatewayText, Rewrite<GatewayNode>(GatewayText));
        Assert.Equal(ResourcesText, Rewrite<ReservedResources>(ResourcesText));
        Assert.Equal(UserText, Rewrite<User>(UserText));
    }

    [Fact]
    public void Names_match_in_any_case_and_unknown_members_are_passed_over()
    {
        var workload = Read<Workload>("""{"Workload_Type":7,"IPS":["1.2.3.4"],"Domain":"a.b","nobody":{"knows":[1,2,{}]},"ID":9}""");
        Assert.Equal((WorkloadType.Subdomain, "a.b", 9L, "1.2.3.4"), (workload.WorkloadType, workload.Domain, workload.Id, workload.Ips![0]));
    }

    [Fact]
    public void Null_is_the_zero_value_of_everything_but_a_date()
    {
        var workload = Read<Workload>("""{"workload_type":null,"id":null,"node_id":null,"signing_request_delete":{"signers":null},"signatures_delete":null,"port":null,"result":{"state":null,"data_json":null},"version":null}""");
        Assert.Equal((WorkloadType.Zdb, 0L, ""), (workload.WorkloadType, workload.Id, workload.NodeId));
        Assert.Empty(workload.SigningRequestDelete.Signers);
        Assert.Empty(workload.SignaturesDelete);
        Assert.False(ExplorerJson.TryRead<Workload>("""{"epoch":null}"""u8, out _, out var fault));
        Assert.Contains("epoch", fault, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"signing_request_delete":null,"result":null,"signature_farmer":null}""")]
    [InlineData("""{"signatures_delete":[null],"ips":[null]}""")]
    public void A_null_object_is_an_empty_one(string text)
    {
        var workload = Read<Workload>(text);
        Assert.Empty(workload.SigningRequestDelete.Signers);
        Assert.Equal("", workload.Result.Message);
        Assert.All(workload.SignaturesDelete, Assert.NotNull);
    }

    [Theory]
    [InlineData("1610000000", 1610000000)]
    [InlineData("1610000000.9", 1610000000)]
    [InlineData("-0.5", -1)]
    [InlineData("\"\"", 0)]
    [InlineData("\"2021/01/07\"", 1609977600)]
    [InlineData("\"21/01/07 6:13\"", 1609999980)]
    [InlineData("\"2021/1/7 6am\"", 1609999200)]
    [InlineData("\"2021/01/07 6pm:13\"", 1610043180)]
    public void A_date_has_many_forms(string json, long seconds) => Assert.Equal(seconds, Read<WorkloadSignature>($$"""{"epoch":{{json}}}""").Epoch.Seconds);

    [Theory]
    [InlineData("{\"epoch\":\"yesterday\"}")]
    [InlineData("{\"epoch\":true}")]
    [InlineData("{\"epoch\":1e300}")]
    [InlineData("{\"id\":\"7\"}")]
    [InlineData("{\"id\":1.5}")]
    [InlineData("{\"id\":9223372036854775808}")]
    [InlineData("{\"workload_type\":256}")]
    [InlineData("{\"workload_type\":-1}")]
    [InlineData("{\"port\":-1}")]
    [InlineData("{\"node_id\":7}")]
    [InlineData("{\"node_id\":\"\\ud800\"}")]
    [InlineData("{\"ips\":{}}")]
    [InlineData("[]")]
    [InlineData("7")]
    [InlineData("{")]
    [InlineData("")]
    [InlineData("{} {}")]
    public void What_does_not_fit_is_refused_with_a_reason(string json)
    {
        Assert.False(ExplorerJson.TryRead<Workload>(Encoding.UTF8.GetBytes(json), out _, out var fault));
        Assert.StartsWith("malformed JSON", fault, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("adv", "R9")]
    public void Deep_nesting_is_refused()
    {
        var bomb = "{\"result\":{\"data_json\":" + new string('[', 100_000);
        Assert.False(ExplorerJson.TryRead<Workload>(Encoding.UTF8.GetBytes(bomb), out _, out _));
        Assert.False(ExplorerJson.TryRead<Workload>(Encoding.UTF8.GetBytes(bomb[..60] + new string(']', 37) + "}}"), out _, out _));
    }

    [Fact]
    public void Invalid_UTF_8_is_refused() => Assert.False(ExplorerJson.TryRead<User>([.. "{\"name\":\""u8, 0xFF, .. "\"}"u8], out _, out _));

    [Fact]
    public void Output_is_escaped_as_Go_does()
    {
        var text = Encoding.UTF8.GetString(ExplorerJson.Write(new ErrorBody { Error = "<a href=\"é\">&'+\\/\u2028\n\t\r\b\u0001\ud83d\ude00" }));
        Assert.Equal("""{"error":"\u003ca href=\"é\"\u003e\u0026'+\\/\u2028\n\t\r\u0008\u0001😀"}""", text);
    }

    [Fact]
    public void Data_is_kept_compact_in_the_order_it_came_in()
    {
        var result = Read<WorkloadResult>("""{"data_json": { "b" : [ 1.50, "x y" ] , "a" : null } }""");
        Assert.Equal("""{"b":[1.50,"x y"],"a":null}""", result.Data.Text);
    }

    [Fact]
    public void Only_the_members_of_its_own_kind_are_kept()
    {
        var workload = Read<Workload>("""{"workload_type":7,"domain":"a.b","addr":"127.0.0.1","secret":"00","port":1}""").OfItsKind();
        Assert.Equal(("a.b", null, null, null), (workload.Domain, workload.Address, workload.Secret, workload.Port));
        Assert.Empty(workload.Ips!);
    }

    [Fact]
    public void What_was_written_is_read_back_the_same()
    {
        var kinds = Gen.Choose(5, 9).Select(kind => (WorkloadType)kind);
        var workloads = from kind in kinds
                        from text in ArbMap.Default.GeneratorFor<NonNull<string>>().Where(text => text.Get.EnumerateRunes().All(rune => rune.Value != 0xFFFD))
                        from number in ArbMap.Default.GeneratorFor<long>()
                        from port in Gen.Choose(0, int.MaxValue)
                        select new Workload
                        {
                            WorkloadType = kind,
                            Id = number,
                            NodeId = Node,
                            Description = text.Get,
                            Metadata = text.Get,
                            Domain = text.Get,
                            Address = text.Get,
                            Port = (uint)port,
                            Secret = text.Get,
                            Ips = [text.Get, ""],
                            PublicKey = text.Get,
                            Epoch = new ExplorerDate(number),
                            SignaturesDelete = [new WorkloadSignature { Tid = number, Signature = text.Get }],
                        }.OfItsKind();
        Prop.ForAll(workloads.ToArbitrary(), workload =>
        {
            var json = ExplorerJson.Write(workload);
            return ExplorerJson.TryRead<Workload>(json, out var same, out _) && ExplorerJson.Write(same).AsSpan().SequenceEqual(json)
                && same.Description == workload.Description && same.Domain == workload.Domain;
        }).QuickCheckThrowOnFailure();
    }

    private static T Read<T>(string text) where T : new()
    {
        Assert.True(ExplorerJson.TryRead<T>(Encoding.UTF8.GetBytes(text), out var value, out var fault), fault);
        return value;
    }

    private static string Rewrite<T>(string text) where T : new() => Encoding.UTF8.GetString(ExplorerJson.Write(Read<T>(text)));

    [Fact]
    public void What_a_request_leaves_out_or_says_is_null_is_empty_and_never_missing()
    {
        // A program that left out "description" was answered 500: generated readers give init-only members their type's default.
        AllThere<Workload>();
        AllThere<GatewayNode>();
        AllThere<User>();
        AllThere<UserUpdate>();
        AllThere<ValidateRequest>();
        AllThere<Pool>();
        AllThere<PoolReservation>();
        AllThere<PoolData>();
        AllThere<WorkloadSignature>();
        AllThere<WorkloadResult>();
        AllThere<ReservedResources>();
        AllThere<UptimeReport>();
    }

    private static void AllThere<T>()
        where T : new()
    {
        var nullability = new System.Reflection.NullabilityInfoContext();
        var must = typeof(T).GetProperties().Where(it => !it.PropertyType.IsValueType && nullability.Create(it).ReadState == System.Reflection.NullabilityState.NotNull).ToArray();
        var names = must.Select(it => it.GetCustomAttributes(typeof(System.Text.Json.Serialization.JsonPropertyNameAttribute), false).OfType<System.Text.Json.Serialization.JsonPropertyNameAttribute>().SingleOrDefault()?.Name).OfType<string>();
        foreach (var json in new[] { "{}", "{" + string.Join(',', names.Select(name => $"\"{name}\":null")) + "}" })
        {
            Assert.True(ExplorerJson.TryRead<T>(System.Text.Encoding.UTF8.GetBytes(json), out var read, out var fault), fault);
            Assert.All(must, it => Assert.True(it.GetValue(read) is not null, $"{typeof(T).Name}.{it.Name} of {json}"));
        }
    }
}
