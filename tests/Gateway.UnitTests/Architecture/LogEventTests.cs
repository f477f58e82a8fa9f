using System.Reflection;
using Gateway.Server.Operating;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Gateway.UnitTests.Architecture;

/// <summary>Every line of the log has a number of its own, and every warning and error a cure in docs/errors.md.</summary>
public sealed class LogEventTests
{
    private static readonly (int Event, LogLevel Level, string Where)[] Events =
    [
        .. from type in House.Rooms.SelectMany(room => room.GetTypes())
           from method in type.GetMethods(BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
           let line = method.GetCustomAttribute<LoggerMessageAttribute>()
           where line is not null
           select (line.EventId, line.Level, $"{type.Name}.{method.Name}"),
    ];

    /// <summary>Lines whose level the moment decides: a warning among them.</summary>
    private static readonly int[] Either = [3003];

    [Fact]
    public void Each_event_has_a_number_of_its_own()
    {
        Assert.True(Events.Length > 50);
        Assert.Empty(Events.GroupBy(it => it.Event).Where(same => same.Count() > 1).Select(same => $"{same.Key}: {string.Join(", ", same.Select(it => it.Where))}"));
    }

    [Fact]
    public void Each_warning_and_error_has_a_cure_and_no_cure_is_left_over()
    {
        var troubles = Events.Where(it => it.Level is LogLevel.Warning or LogLevel.Error or LogLevel.Critical || Either.Contains(it.Event)).ToArray();
        var cures = Cures.FromProgram();
        Assert.Empty(troubles.Where(it => cures.Of(it.Event).Length == 0).Select(it => $"{it.Event} {it.Where} is not in docs/errors.md"));
        Assert.Empty(cures.Events.Except(troubles.Select(it => it.Event)).Select(it => $"docs/errors.md has {it}, which nobody says"));
    }

    [Fact]
    public void The_page_says_the_level_that_the_program_has()
    {
        var rows = House.Read("docs/errors.md").Split('\n').Select(line => line.Split('|', StringSplitOptions.TrimEntries)).Where(row => row.Length == 6 && int.TryParse(row[1], out _));
        var said = rows.ToDictionary(row => int.Parse(row[1], System.Globalization.CultureInfo.InvariantCulture), row => row[2]);
        Assert.All(Events.Where(it => it.Level >= LogLevel.Warning && it.Level != LogLevel.None && !Either.Contains(it.Event)), it => Assert.Equal((it.Event, it.Level.ToString().ToLowerInvariant()), (it.Event, said[it.Event])));
    }
}
