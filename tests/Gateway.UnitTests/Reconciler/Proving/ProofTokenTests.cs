using Gateway.Model;
using Gateway.Reconciler.Proving;
using Xunit;

namespace Gateway.UnitTests.Reconciler.Proving;

public sealed class ProofTokenTests
{
    private static readonly DomainName Host = DomainName.Parse("www.shop.org");

    [Fact]
    public void A_token_is_of_one_gateway_one_user_and_one_host()
    {
        var token = ProofToken.For("gateway", 7, Host);
        Assert.Matches("^gateway-proof=[0-9a-f]{32}$", token);
        Assert.Equal(token, ProofToken.For("gateway", 7, DomainName.Parse("WWW.shop.org.")));
        Assert.Distinct([token, ProofToken.For("other", 7, Host), ProofToken.For("gateway", 8, Host), ProofToken.For("gateway", 7, Host.Parent)]);
    }
}
