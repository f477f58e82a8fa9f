using System.Diagnostics.CodeAnalysis;
using Gateway.ExplorerApi;

namespace Gateway.Cli;

/// <summary>One step of a command: its value, or the fault that ends the command.</summary>
internal readonly struct Step<T>
{
    private readonly T? _value;
    private readonly Outcome.Fault? _fault;

    private Step(T? value, Outcome.Fault? fault)
    {
        _value = value;
        _fault = fault;
    }

    public static implicit operator Step<T>(T value) => new(value, null);

    public static implicit operator Step<T>(Outcome.Fault fault) => new(default, fault);

    /// <summary>True when the command cannot go on.</summary>
    public bool Failed([NotNullWhen(true)] out Outcome.Fault? fault, [NotNullWhen(false)] out T? value)
    {
        (fault, value) = (_fault, _value);
        return fault is not null;
    }
}

/// <summary>From what the explorer said to what a command does about it.</summary>
internal static class ExplorerSteps
{
    /// <summary>A refusal and an unreachable explorer become faults; <paramref name="what"/> says what was tried.</summary>
    public static Step<T> ToStep<T>(this ExplorerOutcome<T> outcome, string what) => outcome.Match<Step<T>>(
        value => value,
        refused => new Outcome.Fault(ExitCode.Refused, $"{what}: {refused}{Cure(refused.Message)}") { HoldsNothing = !refused.MayPass },
        unreachable => new Outcome.Fault(ExitCode.Unreachable, $"{what}: {unreachable}. Is --explorer right, and the node running?"));

    // Explorers say it with several statuses; the words are the same.
    private static string Cure(string message) =>
        message.Contains("user '", StringComparison.Ordinal) && message.Contains("not found", StringComparison.Ordinal)
            ? ". Register with 'gateway user register --name … --email …', or name the explorer that knows you with --explorer."
            : "";
}
