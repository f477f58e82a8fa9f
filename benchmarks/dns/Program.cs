using System.Globalization;
using System.Net;
using Gateway.DnsBenchmark;

// One program for the parts of dns.sh that are not dnsperf:
//   files DIR NAMES       a zone of so many names as a master file, as commands for redis-cli, and queries about it
//   zones DIR ZONES       so many zones of three names each, likewise
//   serve PORT REDIS THREADS limited|unlimited   a name server fed by that Redis; prints "loaded SECONDS" when all is served
//   change PORT REDIS ZONE COUNT   changes one name so often, by our writer, and prints the milliseconds to the new answer
switch (args)
{
    case ["files", var directory, var names]:
        ZoneFiles.WriteOneZone(directory, Number(names));
        return 0;
    case ["zones", var directory, var zones]:
        ZoneFiles.WriteManyZones(directory, Number(zones));
        return 0;
    case ["serve", var port, var redis, var threads, var mode]:
        return await Serving.RunAsync(Number(port), redis, Number(threads), mode == "limited");
    case ["change", var port, var redis, var zone, var count]:
        return await Changes.RunAsync(new IPEndPoint(IPAddress.Loopback, Number(port)), redis, zone, Number(count));
    default:
        return 2;
}

static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
