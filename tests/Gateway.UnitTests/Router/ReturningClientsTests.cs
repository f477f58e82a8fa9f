using Gateway.Model;
using Gateway.Router.Tunnelling;
using Xunit;

namespace Gateway.UnitTests.Router;

/// <summary>Visitors who are faster than the tunnel client that comes back after a start.</summary>
public sealed class ReturningClientsTests
{
    private static readonly Secret Hers = new("7:hush");
    private static readonly Secret His = new("8:hush");

    private readonly FakeTime _time = new();

    [Fact]
    public async Task Whoever_waits_goes_on_when_the_client_is_there_and_others_still_wait()
    {
        var returning = Expecting();
        Task[] hers = [Wait(returning, Hers), Wait(returning, Hers)];
        var his = Wait(returning, His);
        returning.Came(Hers);
        await Task.WhenAll(hers);
        Assert.False(his.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(3));
        await his;
    }

    [Fact]
    public async Task Nobody_waits_before_the_start_or_later_than_the_moment_after_it()
    {
        await Wait(new ReturningClients(_time), Hers);
        var returning = Expecting();
        _time.Advance(TimeSpan.FromSeconds(3));
        await Wait(returning, Hers);
    }

    [Fact]
    public async Task One_who_leaves_takes_nobody_with_him_and_one_who_is_late_misses_nothing()
    {
        using var left = new CancellationTokenSource();
        var returning = Expecting();
        var impatient = returning.WaitAsync(Hers, () => false, left.Token);
        var patient = Wait(returning, Hers);
        await left.CancelAsync();
        await impatient;
        Assert.False(patient.IsCompleted);
        returning.Came(Hers);
        await patient;
        await returning.WaitAsync(Hers, () => true, CancellationToken.None);
    }

    private static Task Wait(ReturningClients returning, Secret secret) => returning.WaitAsync(secret, () => false, CancellationToken.None);

    private ReturningClients Expecting()
    {
        var returning = new ReturningClients(_time);
        returning.Expect(TimeSpan.FromSeconds(3));
        return returning;
    }
}
