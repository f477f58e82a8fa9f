using System.Net;
using Gateway.Model;
using Gateway.Model.ExplorerApi;
using Gateway.Model.Reservations;
using Xunit;

namespace Gateway.UnitTests.Model.ExplorerApi;

public sealed class WorkloadConversionTests
{
    private static readonly Workload Base = new() { Id = 4321, WorkloadId = 1, NodeId = "node", CustomerTid = 7, Epoch = new ExplorerDate(1610000000), Version = 2 };

    [Fact]
    public void Each_kind_becomes_its_reservation()
    {
        var created = DateTimeOffset.FromUnixTimeSeconds(1610000000);
        var name = DomainName.Parse("www.user7.org");
        Assert.Equal(
            new Reservation.Proxy("4321-1", 7, "node", created, name, "198.51.100.7", 80, 443),
            (Base with { WorkloadType = WorkloadType.Proxy, Domain = "WWW.user7.org", Address = "198.51.100.7", Port = 80, PortTls = 443 }).ToReservation());
        Assert.Equal(
            new Reservation.ReverseProxy("4321-1", 7, "node", created, name, "00ff", 2),
            (Base with { WorkloadType = WorkloadType.ReverseProxy, Domain = "www.user7.org", Secret = "00ff" }).ToReservation());
        Assert.Equal(
            new Reservation.Subdomain("4321-1", 7, "node", created, name, new EquatableList<IPAddress>([IPAddress.Parse("203.0.113.10"), IPAddress.Parse("2001:db8::10")])),
            (Base with { WorkloadType = WorkloadType.Subdomain, Domain = "www.user7.org", Ips = ["203.0.113.10", "2001:db8::10"] }).ToReservation());
        Assert.Equal(
            new Reservation.DelegateDomain("4321-1", 7, "node", created, name),
            (Base with { WorkloadType = WorkloadType.DomainDelegate, Domain = "www.user7.org" }).ToReservation());
        Assert.Equal(
            new Reservation.Gateway4To6("4321-1", 7, "node", created, "key"),
            (Base with { WorkloadType = WorkloadType.Gateway4To6, PublicKey = "key" }).ToReservation());
    }

    [Fact]
    public void A_reference_takes_the_place_of_the_id() =>
        Assert.Equal("12-1", (Base with { WorkloadType = WorkloadType.DomainDelegate, Domain = "a.b", Reference = "12-1" }).ToReservation().Id);

    [Theory]
    [InlineData(WorkloadType.Container, "a.b")]
    [InlineData((WorkloadType)200, "a.b")]
    [InlineData(WorkloadType.Subdomain, "")]
    [InlineData(WorkloadType.Subdomain, null)]
    [InlineData(WorkloadType.Subdomain, "nodot")]
    [InlineData(WorkloadType.Subdomain, "*.a.b")]
    [InlineData(WorkloadType.Subdomain, "a..b")]
    [InlineData(WorkloadType.DomainDelegate, "1.2.3.4")]
    [InlineData(WorkloadType.ReverseProxy, "a b.c")]
    [InlineData(WorkloadType.Proxy, "é.b")]
    public void What_cannot_be_served_says_why(WorkloadType type, string? domain)
    {
        var reservation = Assert.IsType<Reservation.Unsupported>((Base with { WorkloadType = type, Domain = domain, Address = "1.2.3.4" }).ToReservation());
        Assert.NotEmpty(reservation.Reason);
        Assert.Equal("4321-1", reservation.Id);
    }

    [Theory]
    [InlineData("127.1")]
    [InlineData("0x7f.0.0.1")]
    [InlineData("010.0.0.1")]
    [InlineData("2130706433")]
    [InlineData("fe80::1%eth0")]
    [InlineData("host.example")]
    [InlineData("")]
    [Trait("adv", "S1")]
    public void An_address_in_an_odd_form_is_none(string text) => Assert.Null(WorkloadConversion.ReadAddress(text));

    [Fact]
    public void A_mapped_address_is_the_IPv4_one() => Assert.Equal(IPAddress.Parse("10.0.0.1"), WorkloadConversion.ReadAddress("::ffff:10.0.0.1"));

    [Theory]
    [InlineData(NextAction.Delete, true)]
    [InlineData(NextAction.Deleted, true)]
    [InlineData(NextAction.Create, false)]
    [InlineData(NextAction.Pay, false)]
    [InlineData(NextAction.Deploy, false)]
    public void Two_actions_mean_delete_and_the_others_deploy(NextAction action, bool isToDelete) =>
        Assert.Equal(isToDelete, (Base with { NextAction = action }).IsToDelete);
}
