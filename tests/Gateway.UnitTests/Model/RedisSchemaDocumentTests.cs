using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using Gateway.Model;
using Xunit;

namespace Gateway.UnitTests.Model;

/// <summary>The page that other programs are written by says what the code does.</summary>
public sealed partial class RedisSchemaDocumentTests
{
    private static readonly string Page = Vectors.Document("docs/redis-schema.md");

    public static TheoryData<string> Examples => [.. RecordExample().Matches(Page).Select(match => match.Groups[1].Value)];

    [Theory, MemberData(nameof(Examples))]
    public void Every_example_of_a_record_is_read_whole_and_written_as_shown(string json)
    {
        var stored = RedisSchema.DecodeRecords(Encoding.UTF8.GetBytes(json))!;
        Assert.Empty(stored.Faults);
        Assert.Equal(json, RedisSchema.EncodeRecords(stored.Records));
    }

    [Fact]
    public void Every_type_has_an_example() => Assert.True(Examples.Count >= 13);

    [Fact]
    public void Every_key_of_the_schema_is_on_the_page()
    {
        var keys = typeof(RedisSchema).GetFields(BindingFlags.Public | BindingFlags.Static)
            .Where(field => field.IsLiteral && (field.Name.EndsWith("Key", StringComparison.Ordinal) || field.Name.EndsWith("Prefix", StringComparison.Ordinal)))
            .Select(field => (string)field.GetRawConstantValue()!).ToList();
        Assert.NotEmpty(keys);
        Assert.All(keys, key => Assert.True(Page.Contains(key, StringComparison.Ordinal) || Page.Contains("…:" + key.Split(':', 3)[^1], StringComparison.Ordinal), key));
    }

    [GeneratedRegex("\\| `(\\{.*\\})` \\|")]
    private static partial Regex RecordExample();
}
