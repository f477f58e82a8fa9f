using System.Text;
using Gateway.Cli.Reservations;
using Gateway.Model.ExplorerApi;

namespace Gateway.Cli.Users;

/// <summary>A message that a user is said to have signed.</summary>
internal sealed class SignedMessage(Caller caller)
{
    /* As much in hex as an explorer of ours takes in one request, and a little less. */
    private const int Longest = 120 * 1024;

    /// <summary>Asks the explorer; the message is a text, or else a file.</summary>
    public async Task<Outcome> ValidateAsync(string who, string? text, string? file, string signature, CancellationToken stop)
    {
        if (Read(text, file).Failed(out var fault, out var message)) return fault;
        if ((await new PhonebookEntry(caller).FindAsync(who, stop)).Failed(out fault, out var user)) return fault;
        var asked = await caller.Explorer.ValidateAsync(user.Id, new ValidateRequest { Payload = Convert.ToHexStringLower(message), Signature = signature }, stop);
        if (asked.ToStep("Validating").Failed(out fault, out var isValid)) return fault;
        var json = UserView.Brief(user);
        json["valid"] = isValid;
        if (isValid) return new Outcome.Done($"User {user.Id} ({user.Name}) signed it.", json);
        var no = $"User {user.Id} did not sign this message, or the signature is another one's.";
        (json["error"], json["code"]) = (no, (int)ExitCode.Refused);
        return new Outcome.Fault(ExitCode.Refused, no) { Json = json };
    }

    private static Step<byte[]> Read(string? text, string? file)
    {
        if (file is null) return Encoding.UTF8.GetBytes(text!);
        try
        {
            if (new FileInfo(file).Length > Longest) return new Outcome.Fault(ExitCode.Failed, $"'{file}' is longer than the {Longest} octets that an explorer takes.");
            return File.ReadAllBytes(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new Outcome.Fault(ExitCode.Failed, $"'{file}' cannot be read: {e.Message}");
        }
    }
}
