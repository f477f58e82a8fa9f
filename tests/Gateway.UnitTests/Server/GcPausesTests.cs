using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Gateway.Server.Metrics;
using Xunit;

namespace Gateway.UnitTests.Server;

public sealed class GcPausesTests
{
    [Fact, Trait("adv", "O10")]
    public void Each_collection_is_heard_of_with_the_time_that_it_held_everything()
    {
        using var meter = new Meter("Gateway.Pauses." + Guid.NewGuid());
        var heard = new ConcurrentQueue<double>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, it) =>
        {
            if (instrument.Meter == meter) it.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<double>((_, seconds, _, _) => heard.Enqueue(seconds));
        listener.Start();
        using var pauses = new GcPauses(meter);
        for (var wanted = 1; wanted <= 5; wanted++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            Assert.True(SpinWait.SpinUntil(() => heard.Count >= wanted, TimeSpan.FromMinutes(1)), $"{heard.Count} of {wanted}");
        }

        // Each pause is a part of the time that the runtime itself counts; other tests of this process collect as well.
        Assert.All(heard, seconds => Assert.True(seconds > 0));
        Assert.InRange(heard.Sum(), 0, GC.GetTotalPauseDuration().TotalSeconds + 0.001);
    }
}
