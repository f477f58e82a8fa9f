using System.Text.Json.Serialization;

namespace Gateway.Model.ExplorerApi;

[JsonSourceGenerationOptions(
    PropertyNameCaseInsensitive = true,
    MaxDepth = ExplorerJson.MaxDepth,
    Converters = [typeof(TextConverter), typeof(Int64Converter), typeof(Int32Converter), typeof(UInt64Converter), typeof(UInt32Converter), typeof(UInt16Converter), typeof(DoubleConverter), typeof(BoolConverter), typeof(NumberedConverter<WorkloadType>), typeof(NumberedConverter<NextAction>), typeof(NumberedConverter<ResultState>)])]
[JsonSerializable(typeof(Workload))]
[JsonSerializable(typeof(IReadOnlyList<Workload>))]
[JsonSerializable(typeof(GatewayNode))]
[JsonSerializable(typeof(IReadOnlyList<GatewayNode>))]
[JsonSerializable(typeof(ReservedResources))]
[JsonSerializable(typeof(UptimeReport))]
[JsonSerializable(typeof(User))]
[JsonSerializable(typeof(UserUpdate))]
[JsonSerializable(typeof(IReadOnlyList<User>))]
[JsonSerializable(typeof(ValidateRequest))]
[JsonSerializable(typeof(ValidateAnswer))]
[JsonSerializable(typeof(Pool))]
[JsonSerializable(typeof(IReadOnlyList<Pool>))]
[JsonSerializable(typeof(PoolReservation))]
[JsonSerializable(typeof(PoolData))]
[JsonSerializable(typeof(WorkloadSignature))]
[JsonSerializable(typeof(WorkloadResult))]
[JsonSerializable(typeof(PoolCreated))]
[JsonSerializable(typeof(WorkloadCreated))]
[JsonSerializable(typeof(ErrorBody))]
internal sealed partial class ExplorerJsonContext : JsonSerializerContext;
