// A busy day on the page, whatever its node says: what the tests of its looks are shown.
(async () => {
  const hear2 = { ...hear };
  for (const name of Object.keys(hear)) hear[name] = () => {};
  await loading;
  state.isSettled = false;
  const now = Date.parse("2026-11-20T14:03:00Z"), past = seconds => new Date(now - seconds * 1000).toISOString();
  const wave = (n, top, phase) => Array.from({ length: n }, (_, i) => Math.max(0, top * (0.5 + 0.28 * Math.sin(i / n * 9 + phase) + 0.12 * Math.sin(i / n * 41 + phase) + 0.07 * Math.sin(i / n * 130 + phase))));
  hear2.node({
    version: "0.1.0", identity: "8GWpxPgU2dbYhsYbzN4RHLB7LdUYJgDNrJDNRcMkq7oG", roles: ["dns", "router", "reconciler", "explorer"], nameservers: ["ns1.example.com", "ns2.example.com"],
    listening: [{ name: "dns", address: "203.0.113.1:53" }, { name: "http", address: "0.0.0.0:80" }, { name: "tls", address: "0.0.0.0:443" }, { name: "tunnel", address: "0.0.0.0:18000" }],
    machine: { descriptors_open: 412, descriptors_most: 524288, disk_free: 38.2e9, disk_size: 64e9 },
  });
  const route = (host, kind, to, user) => ({ host, kind, to, user });
  state.routes = [
    route("photos.alice.gw.example.com", "tunnel", "", "17"), route("git.gw.example.com", "tunnel", "", "17"), route("home-assistant.bob.gw.example.com", "tunnel", "", "23"),
    route("shop.example.org", "address", "198.51.100.20 http 80 tls 443", "31"), route("*.preview.gw.example.com", "address", "198.51.100.21, 198.51.100.22 http 8080 tls 8443", "31"), route("status.gw.example.com", "address", "203.0.113.7 http 80 tls 443", ""),
  ];
  state.zones = [
    { zone: "gw.example.com", owner: "8GWpxPgU2dbYhsYbzN4RHLB7LdUYJgDNrJDNRcMkq7oG", names: 4211, delegation: "here" }, { zone: "bobs-workshop.net", owner: "23", names: 6, delegation: "partly" },
    { zone: "new-idea.dev", owner: "17", names: 1, delegation: "missing" }, { zone: "shop.example.org", owner: "31", names: 3, delegation: "here" },
  ];
  const reservation = (id, kind, name, user, ago, took, status, message) => ({ id, kind, name, user, created: past(ago), decided: past(ago - took), state: status, message: message ?? "" });
  state.reservations = [
    reservation("4212-1", "tunnel", "photos.alice.gw.example.com", "17", 12, 0.4, "served"), reservation("4211-1", "subdomain", "photos.alice.gw.example.com", "17", 14, 0.3, "served"),
    reservation("4209-1", "subdomain", "www.gw.example.com", "44", 260, 0.2, "refused", "'www.gw.example.com' is held by another user: choose another name"),
    reservation("4190-1", "domain", "bobs-workshop.net", "23", 9000, 1.1, "served"), reservation("4121-1", "proxy", "shop.example.org", "31", 86000, 0.6, "served"),
  ];
  state.gone.set("4188-1", { ...reservation("4188-1", "tunnel", "old-blog.gw.example.com", "17", 7200, 0.5, "served"), gone: past(9) });
  const hosts = [["git.gw.example.com", 184_000, 3, 912e6, 840, 0], ["photos.alice.gw.example.com", 4_300_000, 12, 6.1e9, 2210, 1], ["shop.example.org", 61_000, 5, 240e6, 5120, 2], ["*.preview.gw.example.com", 0, 0, 12e6, 33, 3]];
  hear2.traffic({
    node: { queries: { now: 1284, hour: wave(360, 1500, 0) }, visits: { now: 42.3, hour: wave(360, 60, 2) }, bytes: { now: 4_545_000, hour: wave(360, 6e6, 4) } },
    hosts: hosts.map(([host, rate, present, bytes, visits, phase]) => ({ host, now: rate, present, bytes, visits, minutes: wave(60, bytes / 40, phase) })),
  });
  hear2.picture({
    at: new Date(now).toISOString(), counts: null,
    conditions: [
      { name: "redis", serving: true, degraded: false, text: "Redis answers." }, { name: "zones", serving: true, degraded: false, text: "4 zones, as Redis has them." }, { name: "routes", serving: true, degraded: false, text: "6 routes, as Redis has them." },
      { name: "reconciler", serving: true, degraded: true, text: "4221 reservations are served; no new ones come: the explorer does not answer." },
    ],
    tunnels: [
      { id: 7, client: "192.0.2.77:40112", name: "nas", protocol: "2", visitors: 12, hosts: ["photos.alice.gw.example.com"], since: past(96_000), round_trip_ms: 18.4 },
      { id: 9, client: "[2001:db8:4::9]:51820", name: "forge", protocol: "2", visitors: 3, hosts: ["git.gw.example.com"], since: past(3_400), round_trip_ms: 31 },
    ],
    troubles: [
      { at: past(40), level: "warning", part: "ReconcileLoop", event: 3004, text: "The explorer cannot be polled: connection refused (127.0.0.1:8090); what is served stays as it is", cure: "look after the explorer (reconciler.explorer); names and routes stay as they are" },
      { at: past(3000), level: "error", part: "RouteFeed", event: 4006, text: "The route in /tcprouter/service/old.gw.example.com cannot be read, so the last good one is kept: 'Port' is not a number", cure: "correct or delete the key in Redis; the last good route is served" },
      { at: past(3100), level: "warning", part: "TunnelListener", event: 4005, text: "A tunnel client from 198.51.100.99:5123 was turned away: no reservation has this secret", cure: "nothing, if strangers knock; a client of yours has the wrong secret or gateway" },
    ],
  });
  Object.assign(state.counts, { zones: 4, reservations: 4221 });
  showLists();
})()
