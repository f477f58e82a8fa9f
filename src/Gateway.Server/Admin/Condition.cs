namespace Gateway.Server.Admin;

/// <summary>One thing that a node should do, and whether it does.</summary>
/// <param name="Name">A short name that alert rules can rely on, for example <c>dns_snapshot</c>.</param>
/// <param name="Serving">False: visitors or users notice.</param>
/// <param name="Degraded">True: it works, but something an operator should know stands behind it.</param>
/// <param name="Text">One sentence: what is, and what to do when it should not be.</param>
internal sealed record Condition(string Name, bool Serving, bool Degraded, string Text)
{
    /// <summary>All is well.</summary>
    public static Condition Good(string name, string text) => new(name, Serving: true, Degraded: false, text);

    /// <summary>It works on what was known last, or will need attention.</summary>
    public static Condition Strained(string name, string text) => new(name, Serving: true, Degraded: true, text);

    /// <summary>It does not work.</summary>
    public static Condition Bad(string name, string text) => new(name, Serving: false, Degraded: true, text);
}
