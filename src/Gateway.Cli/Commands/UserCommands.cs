using System.CommandLine;
using Gateway.Cli.Reservations;
using Gateway.Cli.Users;

namespace Gateway.Cli.Commands;

/// <summary><c>gateway user register|show|update|validate</c>.</summary>
internal sealed class UserCommands(Terminal terminal, CommonOptions common)
{
    public Command Create() => new("user", "Make yourself known to an explorer, and see who else is.") { Register(), Show(), Update(), Validate() };

    private ExampleCommand Register()
    {
        var name = new Option<string>("--name") { Description = "Your name with the explorer: lower case, at least three characters.", Required = true };
        var email = new Option<string>("--email") { Description = "Where the operator reaches you.", Required = true };
        var command = new ExampleCommand("register", "Register your public key with the explorer, and keep the user id that it gives in your seed file.",
            "gateway user register --name alice --email alice@example.com")
        { name, email };
        command.SetAction(async (parsed, stop) => terminal.Report(
            await UserRegistration.RunAsync(parsed.GetValue(common.Identity)!, parsed.GetValue(common.Explorer)!, parsed.GetValue(name)!, parsed.GetValue(email)!, terminal.Time, stop),
            parsed.GetValue(common.Json)));
        return command;
    }

    private ExampleCommand Show()
    {
        var user = new Argument<string?>("user") { Description = "A user's number, name or e-mail address; yourself when none is given.", Arity = ArgumentArity.ZeroOrOne };
        var command = new ExampleCommand("show", "Show what the explorer says of you, or of another user: number, name, e-mail address and public key.",
            "gateway user show alice")
        { user };
        command.SetAction((parsed, stop) => RunAsync(parsed, caller => new PhonebookEntry(caller).ShowAsync(parsed.GetValue(user), stop)));
        return command;
    }

    private ExampleCommand Update()
    {
        var email = new Option<string?>("--email") { Description = "Your new e-mail address." };
        var host = new Option<string?>("--host") { Description = "Where you are found, in your own words; empty: nothing." };
        var description = new Option<string?>("--description") { Description = "Who you are, in your own words; empty: nothing." };
        var command = new ExampleCommand("update", "Change your own entry with the explorer. What you do not name stays; name and key cannot be changed.",
            "gateway user update --email alice@example.org")
        { email, host, description };
        command.Validators.Add(result =>
        {
            if ((result.GetValue(email) ?? result.GetValue(host) ?? result.GetValue(description)) is null) result.AddError("Say what to change: --email, --host or --description.");
        });
        command.SetAction((parsed, stop) => RunAsync(parsed, caller => new PhonebookEntry(caller).UpdateAsync(parsed.GetValue(email), parsed.GetValue(host), parsed.GetValue(description), stop)));
        return command;
    }

    private ExampleCommand Validate()
    {
        var user = new Argument<string>("user") { Description = "The user's number, name or e-mail address." };
        var message = new Option<string?>("--message") { Description = "The message itself." };
        var file = new Option<string?>("--file") { Description = "A file that holds the message." };
        var signature = new Option<string>("--signature") { Description = "The signature, Ed25519 over the message as it is, in hex.", Required = true };
        var command = new ExampleCommand("validate", "Ask the explorer whether a user signed a message. Ends with 3 when he did not.",
            "gateway user validate alice --file letter.txt --signature 5d33d4e0")
        { user, message, file, signature };
        command.Validators.Add(result =>
        {
            if (result.GetValue(message) is null == result.GetValue(file) is null) result.AddError("Give the message with either --message or --file.");
        });
        command.SetAction((parsed, stop) => RunAsync(parsed, caller =>
            new SignedMessage(caller).ValidateAsync(parsed.GetValue(user)!, parsed.GetValue(message), parsed.GetValue(file), parsed.GetValue(signature)!, stop)));
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, Func<Caller, Task<Outcome>> run) =>
        terminal.Report(await Caller.RunAsync(parsed.GetValue(common.Identity)!, parsed.GetValue(common.Explorer)!, terminal.Time, run), parsed.GetValue(common.Json));
}
