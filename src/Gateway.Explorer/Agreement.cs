using Gateway.Explorer.Http;
using Gateway.Model.Crypto;
using Gateway.Model.ExplorerApi;

namespace Gateway.Explorer;

/// <summary>A signer's word on a workload: to provision it, or to delete it (section 1.10). Pure.</summary>
internal sealed class Agreement
{
    public static readonly Agreement ToDelete = new(
        "delete",
        workload => workload.SigningRequestDelete,
        workload => workload.SignaturesDelete,
        WorkloadChallenge.VerifyDelete,
        WorkloadLife.AgreeToDelete);

    public static readonly Agreement ToProvision = new(
        "provision",
        workload => workload.SigningRequestProvision,
        workload => workload.SignaturesProvision,
        WorkloadChallenge.VerifyProvision,
        WorkloadLife.AgreeToProvision);

    private readonly Func<Workload, SigningRequest> _request;
    private readonly Func<Workload, IReadOnlyList<WorkloadSignature>> _given;
    private readonly Func<Workload, WorkloadSignature, PublicKey, bool> _verify;
    private readonly Func<Workload, WorkloadSignature, Workload> _add;

    private Agreement(
        string word,
        Func<Workload, SigningRequest> request,
        Func<Workload, IReadOnlyList<WorkloadSignature>> given,
        Func<Workload, WorkloadSignature, PublicKey, bool> verify,
        Func<Workload, WorkloadSignature, Workload> add)
    {
        (Word, _request, _given, _verify, _add) = (word, request, given, verify, add);
    }

    /// <summary>What is agreed to.</summary>
    public string Word { get; }

    /// <summary>The workload with the signature, or the refusal, checked in the contract's order.</summary>
    public (Workload? Changed, ApiAnswer? Refusal) Give(Workload stored, WorkloadSignature sent, User? signer, DateTimeOffset now)
    {
        var refusal = Refusal(stored, sent, signer);
        return refusal is null ? (_add(stored, sent with { Epoch = ExplorerDate.From(now) }), null) : (null, refusal);
    }

    private ApiAnswer? Refusal(Workload stored, WorkloadSignature sent, User? signer)
    {
        if (this == ToProvision && stored.NextAction != NextAction.Sign) return ApiAnswer.Error(400, "workload not expecting signatures");
        if (!_request(stored).Signers.Contains(sent.Tid)) return ApiAnswer.Error(401, $"signature not required for user '{sent.Tid}'");
        if (_given(stored).Any(given => given.Tid == sent.Tid)) return ApiAnswer.Error(400, $"user '{sent.Tid}' has already signed");
        if (signer is null || !PublicKey.TryFromHex(signer.Pubkey, out var key)) return ApiAnswer.Error(404, $"user '{sent.Tid}' not found");
        return _verify(stored, sent, key) ? null : ApiAnswer.Error(401, $"failed to verify signature: it must cover the stored workload's challenge with '{Word}{sent.Tid}' behind it");
    }
}
