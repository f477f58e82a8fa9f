using System.Net;
using Gateway.Model.Crypto;
using Xunit;

namespace Gateway.UnitTests.Model.Crypto;

public sealed class Gateway4To6AddressesTests
{
    [Fact]
    public void Seed_and_user_make_the_recorded_addresses()
    {
        foreach (var one in Vectors.Read("gateway4to6.json").GetProperty("cases").EnumerateArray())
        {
            var gateway = Identity.FromSeed(Convert.FromHexString(one.GetProperty("seed_hex").GetString()!));
            Assert.Equal(one.GetProperty("subnet").GetString(), Gateway4To6Addresses.Subnet(gateway).ToString());
            Assert.Equal(one.GetProperty("gateway").GetString(), $"{Gateway4To6Addresses.Own(gateway)}/64");
            foreach (var peer in one.GetProperty("peers").EnumerateArray())
                Assert.Equal(IPAddress.Parse(peer.GetProperty("ip").GetString()!), Gateway4To6Addresses.Peer(gateway, peer.GetProperty("user").GetString()!));
        }
    }
}
