namespace Gateway.Model;

/// <summary>
/// Every key, field and value that the rooms share in Redis, written and read here and nowhere else (docs/redis-schema.md).
/// One file for each subject: Zones, Services, Reservations, Explorer, Ledger.
/// </summary>
public static partial class RedisSchema
{
}
