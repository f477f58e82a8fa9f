"use strict";
// The operator's page. It asks this node only, shows text as text, and keeps the token in this tab.

const at = id => document.getElementById(id);
const state = {
  token: takeToken(), revision: null, now: Date.now(), node: {}, tunnels: [], routes: [], zones: [], reservations: [], gone: new Map(), conditions: [], troubles: [],
  traffic: {}, hosts: new Map(), counts: {},
};

/* How long a deleted reservation is still shown, in milliseconds. */
const linger = 20_000;

// `gateway node dashboard` hands the token over behind the #, which no server and no log ever sees.
function takeToken() {
  const handed = new URLSearchParams(location.hash.slice(1)).get("token");
  if (handed) {
    sessionStorage.setItem("token", handed);
    history.replaceState(null, "", location.pathname);
  }
  return handed ?? sessionStorage.getItem("token") ?? "";
}

const ask = path => fetch("/api" + path, { headers: { Authorization: "Bearer " + state.token } });

// ---- building: every text that comes from elsewhere becomes a text node

function make(name, classes, ...content) {
  const made = document.createElement(name);
  if (classes) made.className = classes;
  made.append(...content.filter(it => it !== null && it !== undefined && it !== ""));
  return made;
}

function draw(name, attributes, ...content) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...content);
  return made;
}

// A name may break after its dots.
const named = (tag, name) => make(tag, "name", ...String(name).split(/(?<=\.)/).flatMap(part => [part, document.createElement("wbr")]));

// Builds anew only what changed, so that a selection or the focus in a line stays.
function fill(id, items, key, build, empty) {
  const place = at(id), old = place.kept ?? new Map(), kept = new Map();
  for (const item of items) {
    const sign = JSON.stringify(item), before = old.get(key(item));
    const made = before?.sign === sign ? before.made : build(item);
    if (!before && state.isSettled && !made.classList.contains("gone")) made.classList.add("new");
    kept.set(key(item), { sign, made });
  }
  place.kept = kept;
  const wanted = kept.size ? [...kept.values()].map(it => it.made) : [empty()];
  if (wanted.length !== place.children.length || wanted.some((made, i) => made !== place.children[i])) place.replaceChildren(...wanted);
}

function say(id, text, classes) {
  const place = at(id);
  if (place.textContent !== text) place.textContent = text;
  if (classes !== undefined) place.className = classes;
}

const emptyLine = text => make("li", "empty", text);
const emptyRow = (text, columns) => {
  const cell = make("td", "empty", text);
  cell.colSpan = columns;
  return make("tr", "", cell);
};

// ---- numbers and times

function short(number) {
  for (const [size, letter] of [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]])
    if (number >= size) return (number / size).toFixed(number >= size * 100 ? 0 : 1) + " " + letter;
  return number === 0 || number >= 10 ? number.toFixed(0) : number.toFixed(1);
}

const bytes = number => short(Math.round(number)).replace(/\d$/, "$& ") + "B";
const many = (number, one, more) => `${number.toLocaleString("en")} ${number === 1 ? one : more}`;

function ago(milliseconds) {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 5) return "now";
  if (seconds < 60) return `${seconds - seconds % 5} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)} h ago` : `${Math.floor(seconds / 86_400)} days ago`;
}

function time(text, words) {
  const made = make("time", "quiet", words ?? ago(state.now - Date.parse(text)));
  made.dateTime = text;
  made.title = new Date(text).toLocaleString();
  return made;
}

// ---- the figures on top

function line(values, classes) {
  const most = Math.max(...values, 1e-9), last = values.length - 1;
  const points = values.map((value, i) => `${last ? (100 * i / last).toFixed(2) : 100},${(28 - 25 * value / most).toFixed(2)}`);
  return draw("svg", { class: classes, viewBox: "0 0 100 30", preserveAspectRatio: "none", "aria-hidden": "true" },
    draw("polygon", { class: "area", points: `0,30 ${points.join(" ")} 100,30` }), draw("polyline", { class: "stroke", points: points.join(" ") }));
}

function figure(title, value, unit, note, picture) {
  return make("div", "figure card", make("h2", "", title), make("strong", "", value, make("span", "", unit)), make("small", "", note), picture);
}

function rateFigure(title, series, unit, form) {
  const { now, hour } = series ?? { now: 0, hour: [] };
  // From the left, where nothing was yet, to now.
  const values = [...Array(Math.max(0, 360 - hour.length)).fill(0), ...hour, now];
  const [number, prefix] = form(now).split(" ");
  return figure(title, number, (prefix ?? "") + unit, `most in the last hour ${form(Math.max(...values))}${unit}`, line(values, ""));
}

function tunnelFigure(up, down) {
  const total = up + down, width = total ? 100 / total : 100;
  const bars = total === 0 ? [draw("rect", { class: "none", x: 0, y: 24, width: 100, height: 6, rx: 1 })]
    : [draw("rect", { class: "up", x: 0, y: 24, width: up * width, height: 6 }), draw("rect", { class: "down", x: up * width, y: 24, width: down * width, height: 6 })];
  const picture = draw("svg", { class: "segments", viewBox: "0 0 100 30", preserveAspectRatio: "none", "aria-hidden": "true" }, ...bars);
  return figure("Tunnels", up, up === 1 ? "host up" : "hosts up", down ? make("span", "bad", `${down} down`) : "none is down", picture);
}

function showFigures() {
  const tunnels = state.routes.filter(it => it.kind === "tunnel" && it.state !== "frozen"), up = tunnels.filter(it => sessionsOf(it.host).length).length;
  const sign = JSON.stringify([state.traffic, up, tunnels.length]);
  if (at("figures").sign === sign) return;
  at("figures").sign = sign;
  at("figures").replaceChildren(
    rateFigure("DNS queries", state.traffic.queries, "/s", short), rateFigure("Visits", state.traffic.visits, "/s", short),
    rateFigure("Traffic", state.traffic.bytes, "B/s", number => short(Math.round(number))), tunnelFigure(up, tunnels.length - up));
}

// ---- routes and tunnels

const sessionsOf = host => state.tunnels.filter(it => it.hosts.includes(host));

const wanted = (...texts) => {
  const search = at("search").value.trim().toLowerCase();
  return search === "" || texts.some(text => String(text).toLowerCase().includes(search));
};

function describeRoute(route) {
  const sessions = sessionsOf(route.host), moved = state.hosts.get(route.host) ?? { now: 0, present: 0, bytes: 0, visits: 0, minutes: [] };
  const isFrozen = route.state === "frozen", isDown = !isFrozen && (route.kind === "unreadable" || (route.kind === "tunnel" && !sessions.length));
  const to = route.kind !== "tunnel" ? route.to : sessions.length
    ? sessions.map(it => `${it.client}${it.round_trip_ms ? `, ${it.round_trip_ms} ms` : ""}`).join("; ") : "no client is connected";
  return { host: route.host, kind: route.kind, user: route.user, to, isDown, isFrozen, since: sessions[0]?.since && ago(state.now - Date.parse(sessions[0].since)), moved };
}

function routeRow({ host, kind, user, to, isDown, isFrozen, since, moved }) {
  const chip = make("span", `chip ${isFrozen ? "warn" : isDown ? "bad" : "good"}`, isFrozen ? "frozen" : kind === "unreadable" ? "unreadable" : isDown ? "down" : kind === "tunnel" ? "up" : "routed");
  const owner = [user ? `user ${user}` : "operator", kind === "tunnel" ? "tunnel" : kind === "address" ? "address" : ""].filter(Boolean).join(", ");
  const idle = moved.bytes + moved.visits === 0 ? " idle" : "";
  return make("tr", isDown ? "down" : "",
    make("td", "state", chip), named("td", host),
    make("td", "to small", make("span", isDown ? "bad" : "", to), make("div", "quiet", owner, since && `, came ${since}`)),
    make("td", "number visitors" + idle, String(moved.present)), make("td", "number rate" + idle, bytes(moved.now) + "/s"),
    make("td", "hour" + idle, line(moved.minutes.length ? moved.minutes : [0, 0], "small")), make("td", "number moved" + idle, bytes(moved.bytes)));
}

function showRoutes() {
  const routes = state.routes.map(describeRoute)
    .sort((one, other) => other.isDown - one.isDown || other.moved.now - one.moved.now || other.moved.bytes - one.moved.bytes || one.host.localeCompare(other.host));
  const down = routes.filter(it => it.isDown).length;
  say("n-routes", `${routes.length}${down ? `, ${down} down` : ""}`);
  fill("routes", routes, it => it.host, routeRow, () => emptyRow(at("search").value ? "No route fits the search." : "No routes yet: they come with the first proxy or tunnel.", 7));
  showFigures();
}

// ---- reservations

const mood = status => ({ served: "good", frozen: "warn" })[status] ?? "bad";

const clock = text => new Date(text).toLocaleTimeString();

function life(it) {
  const made = make("div", "life", time(it.created, `reserved ${ago(state.now - Date.parse(it.created))}`));
  const step = (classes, text) => made.append(make("b", ""), make("i", classes), make("span", classes, text));
  const took = (Date.parse(it.decided) - Date.parse(it.created)) / 1000;
  if (it.decided) step(mood(it.state), `${it.state} ${took >= 0 && took < 60 ? `after ${took.toFixed(1)} s` : `at ${clock(it.decided)}`}`);
  if (it.gone) step("quiet", `deleted at ${clock(it.gone)}`);
  return made;
}

function reservationLine(it) {
  const chip = it.gone ? make("span", "chip", "deleted") : make("span", `chip ${mood(it.state)}`, it.state);
  return make("li", it.gone ? "gone" : "",
    make("div", "line", named("span", it.name || it.kind), make("span", "end", chip)),
    make("div", "quiet", `${it.kind} of user ${it.user}, id ${it.id}`),
    it.message && make("div", "bad text small", it.message), life(it));
}

function showReservations() {
  const gone = [...state.gone.values()].filter(it => state.now - Date.parse(it.gone) < linger && wanted(it.name, it.id, it.user));
  const all = [...state.reservations, ...gone].sort((one, other) => Date.parse(other.created) - Date.parse(one.created));
  // What time changes in a line is part of what is compared.
  fill("reservations", all.map(it => ({ ...it, age: ago(state.now - Date.parse(it.created)) })), it => it.id, reservationLine,
    () => emptyLine(at("search").value ? "No reservation fits the search." : "Nobody has reserved anything yet."));
  say("n-reservations", String(state.counts.reservations ?? ""));
}

// ---- zones

const delegations = {
  here: ["good", "delegated here", ""], partly: ["warn", "also elsewhere", "some of its name servers are not this gateway's"],
  elsewhere: ["bad", "elsewhere", "its name servers are others"], missing: ["bad", "not delegated", "its parent does not name this gateway"],
  unanswered: ["", "no answer", "the resolvers say nothing about it"], unknown: ["", "asking", ""],
};

function zoneLine(it) {
  const [classes, word, why] = delegations[it.delegation] ?? delegations.unknown;
  const hint = why && make("div", "cure", `${why}: `, make("code", "", `gateway doctor ${it.zone}`), " says what to change where");
  return make("li", "",
    make("div", "line", named("span", it.zone), make("span", "end", make("span", `chip ${classes}`, word))),
    make("div", "quiet", `${many(it.names, "name", "names")}, ${/^\d+$/.test(it.owner) ? `delegated by user ${it.owner}` : "managed by this gateway"}`), hint || "");
}

// ---- the node itself

function showConditions() {
  const word = it => it.serving ? (it.degraded ? ["strained", "warn"] : ["good", "good"]) : ["not serving", "bad"];
  fill("conditions", state.conditions, it => it.name, it => make("li", "",
    make("div", "line", make("span", "name", it.name), make("span", "end", make("span", `chip ${word(it)[1]}`, word(it)[0]))), make("div", "quiet", it.text)), () => emptyLine("no part"));
  const bad = state.conditions.filter(it => !it.serving).length, strained = state.conditions.filter(it => it.degraded).length;
  const [text, classes] = bad ? [`${bad} not serving`, "bad"] : strained ? [`${strained} need${strained === 1 ? "s" : ""} attention`, "warn"] : ["Everything serves", "good"];
  say("summary", text, `pill live ${classes}`);
  document.title = (bad ? "✗ " : strained ? "! " : "") + "Gateway";
}

function showNode() {
  const { version, identity, roles = [], nameservers = [], listening = [], machine = {} } = state.node;
  say("n-node", version ? `version ${version}` : "");
  const rows = [
    ["Roles", roles.join(", ")], ["Name servers", nameservers.join(", ")], ["Listens", listening.map(it => `${it.name} ${it.address}`).join(", ")], ["Identity", identity],
    ["Descriptors", machine.descriptors_most ? `${short(machine.descriptors_open)} of ${short(machine.descriptors_most)} open` : ""],
    ["Disk", machine.disk_size ? `${bytes(machine.disk_free)} of ${bytes(machine.disk_size)} free` : machine.disk_fault],
  ].filter(([, text]) => text);
  at("node").replaceChildren(...rows.flatMap(([name, text]) => [make("dt", "", name), make("dd", name === "Identity" || name === "Listens" ? "mono" : "", text)]));
}

// ---- warnings and errors

function showTroubles() {
  const together = new Map();
  for (const it of state.troubles.filter(it => wanted(it.text, it.part))) {
    const same = together.get(it.event + it.text);
    if (same) same.times++;
    else together.set(it.event + it.text, { ...it, times: 1 });
  }
  const all = [...together.values()].map(it => ({ ...it, age: ago(state.now - Date.parse(it.at)) }));
  fill("troubles", all, it => it.event + it.text, it => make("li", "",
    make("div", "line", make("span", `chip ${it.level === "warning" ? "warn" : "bad"}`, it.level), make("span", "quiet", `${it.part}${it.event ? ` ${it.event}` : ""}`),
      it.times > 1 ? make("span", "quiet", `${it.times} times`) : "", make("span", "end", time(it.at))),
    make("div", "text", it.text), it.cure && make("div", "cure", it.cure)), () => emptyLine("Nothing since the start. Sleep well."));
  say("n-troubles", state.troubles.length ? String(state.troubles.length) : "");
}

// ---- the lists, asked for when something changed

async function list(path) {
  const answer = await ask(`/${path}?limit=200&search=${encodeURIComponent(at("search").value.trim())}`);
  return answer.ok ? answer.json() : null;
}

let loading = Promise.resolve();
const load = () => (loading = loading.then(loadLists, loadLists));

async function loadLists() {
  const search = at("search").value;
  const [zones, routes, reservations] = await Promise.all([list("zones"), list("routes"), list("reservations")]);
  if (routes) state.routes = routes;
  if (zones) state.zones = zones;
  if (reservations) {
    // One that fell out of a search is not deleted.
    if (state.search === search) for (const it of state.reservations) if (!reservations.some(other => other.id === it.id)) state.gone.set(it.id, { ...it, gone: new Date(state.now).toISOString() });
    for (const it of reservations) state.gone.delete(it.id);
    state.reservations = reservations;
    state.search = search;
  }
  showLists();
  // What comes from now on is news.
  state.isSettled = true;
}

function showLists() {
  showRoutes();
  showReservations();
  fill("zones", state.zones, it => it.zone, zoneLine, () => emptyLine("No zone fits."));
  say("n-zones", String(state.counts.zones ?? ""));
  showTroubles();
}

// ---- the stream

const hear = {
  node(facts) {
    state.node = facts;
    showNode();
  },
  picture(picture) {
    Object.assign(state, { now: Date.parse(picture.at), conditions: picture.conditions, tunnels: picture.tunnels, troubles: picture.troubles });
    showConditions();
    if (picture.counts) state.counts = picture.counts;
    showLists();
    if (!picture.counts || picture.counts.revision === state.revision) return;
    state.revision = picture.counts.revision;
    load();
  },
  traffic(traffic) {
    state.traffic = traffic.node;
    state.hosts = new Map(traffic.hosts.map(it => [it.host, it]));
    showRoutes();
  },
};

function take(event) {
  const name = /^event: (.*)$/m.exec(event)?.[1], data = /^data: (.*)$/m.exec(event)?.[1];
  if (data && hear[name]) hear[name](JSON.parse(data));
}

// Server-sent events by fetch, for EventSource cannot show a token.
async function follow() {
  const answer = await ask("/events");
  if (answer.status === 401) return logIn(state.token ? "That is not the token of this node." : "");
  if (answer.status === 429) return logIn((await answer.json()).error);
  if (!answer.ok) throw new Error(answer.statusText);
  at("login").hidden = true;
  at("main").hidden = false;
  at("lost").hidden = true;
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let kept = ""; ;) {
    const { value, done } = await reader.read();
    if (done) throw new Error("the stream ended");
    const events = (kept + value).split("\n\n");
    kept = events.pop();
    events.forEach(take);
  }
}

function logIn(fault) {
  at("main").hidden = true;
  at("login").hidden = false;
  at("denied").textContent = fault;
  say("summary", "locked", "pill");
  at("token").focus();
  return true;
}

async function run() {
  for (; ;) {
    try {
      if (await follow()) return;
    } catch {
      say("summary", "no answer", "pill bad");
      at("lost").hidden = false;
      state.revision = null;
    }
    await new Promise(done => setTimeout(done, 1000));
  }
}

at("login").addEventListener("submit", event => {
  event.preventDefault();
  state.token = at("token").value.trim();
  sessionStorage.setItem("token", state.token);
  run();
});

// ---- search, theme, keys

let typing;
at("search").addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(load, 150);
});

function setTheme(theme) {
  if (theme) document.documentElement.dataset.theme = theme;
}

function turnTheme() {
  const isDark = getComputedStyle(document.documentElement).colorScheme === "dark";
  localStorage.setItem("theme", isDark ? "light" : "dark");
  setTheme(localStorage.getItem("theme"));
}

setTheme(localStorage.getItem("theme"));
at("theme").addEventListener("click", turnTheme);
at("keys").addEventListener("click", () => at("help").showModal());

const sections = ["s-routes", "s-reservations", "s-zones", "s-node", "s-troubles"];

function go(id) {
  const place = at(id);
  place.scrollIntoView();
  (place.querySelector("[tabindex]") ?? place).focus({ preventScroll: true });
}

document.addEventListener("keydown", event => {
  const search = at("search");
  if (event.key === "Escape" && document.activeElement === search) {
    search.value = "";
    search.blur();
    load();
  }
  if (event.ctrlKey || event.metaKey || event.altKey || document.activeElement?.tagName === "INPUT" || at("help").open) return;
  const act = { "/": () => search.focus(), "?": () => at("help").showModal(), t: turnTheme }[event.key] ?? (sections[event.key - 1] && (() => go(sections[event.key - 1])));
  if (!act) return;
  event.preventDefault();
  act();
});

run();
