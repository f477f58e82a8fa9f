using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using Gateway.Explorer;
using Gateway.Explorer.Storage;
using Gateway.Model.ExplorerApi;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Gateway.UnitTests.Explorer;

public sealed class OpenApiDocumentTests
{
    private const string Itself = "/api/v1/openapi.json";

    private static readonly JsonElement Document = JsonDocument.Parse(OpenApiDocument.Answer.Body).RootElement;

    [Fact]
    public void It_describes_every_path_there_is_and_no_other()
    {
        var (options, events) = (new ExplorerOptions(), new ExplorerEvents(NullLogger<ExplorerServer>.Instance));
        var store = new ExplorerStore(null!, events, new IdFloor(null, NullLogger.Instance), new RecentRecords(), TimeProvider.System);
        var routes = Routes.Over(store, new WorkloadShelf(store, options, TimeProvider.System), options, events, TimeProvider.System).All
            .Where(route => route.Template.StartsWith("/api/v1", StringComparison.Ordinal) && route.Template != Itself)
            .Select(route => $"{route.Method} {Regex.Replace(route.Template, ":[a-z]+}", "}", RegexOptions.None, TimeSpan.FromSeconds(1))}");
        var described = Document.GetProperty("paths").EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject().Select(method => $"{method.Name.ToUpperInvariant()} {path.Name}"));
        Assert.Equal(routes.Order(StringComparer.Ordinal), described.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("Workload", typeof(Workload))]
    [InlineData("Result", typeof(WorkloadResult))]
    [InlineData("Signature", typeof(WorkloadSignature))]
    [InlineData("SigningRequest", typeof(SigningRequest))]
    [InlineData("WorkloadCreated", typeof(WorkloadCreated))]
    [InlineData("User", typeof(User))]
    [InlineData("UserUpdate", typeof(UserUpdate))]
    [InlineData("ValidateRequest", typeof(ValidateRequest))]
    [InlineData("ValidateAnswer", typeof(ValidateAnswer))]
    [InlineData("Gateway", typeof(GatewayNode))]
    [InlineData("Location", typeof(GatewayLocation))]
    [InlineData("WorkloadAmount", typeof(WorkloadAmount))]
    [InlineData("ReservedResources", typeof(ReservedResources))]
    [InlineData("UptimeReport", typeof(UptimeReport))]
    [InlineData("Pool", typeof(Pool))]
    [InlineData("PoolReservation", typeof(PoolReservation))]
    [InlineData("PoolData", typeof(PoolData))]
    [InlineData("PoolCreated", typeof(PoolCreated))]
    [InlineData("EscrowInformation", typeof(EscrowInformation))]
    [InlineData("Error", typeof(ErrorBody))]
    public void Each_object_has_the_members_of_its_type(string schema, Type type)
    {
        var members = type.GetProperties().Select(property => property.GetCustomAttribute<JsonPropertyNameAttribute>()?.Name).OfType<string>();
        var described = Document.GetProperty("components").GetProperty("schemas").GetProperty(schema).GetProperty("properties").EnumerateObject().Select(property => property.Name);
        Assert.Equal(members.Order(StringComparer.Ordinal), described.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_reference_leads_somewhere()
    {
        var schemas = Document.GetProperty("components").GetProperty("schemas");
        Assert.All(References(Document), name => Assert.True(schemas.TryGetProperty(name, out _), name));
    }

    private static IEnumerable<string> References(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(member => member.Name == "$ref" ? [member.Value.GetString()!.Split('/')[^1]] : References(member.Value)),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(References),
        _ => [],
    };
}
