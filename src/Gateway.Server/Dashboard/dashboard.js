"use strict";
// The operator's page. It asks this node only, shows text as text, and keeps the token in this tab.

const at = id => document.getElementById(id);
const state = { token: takeToken(), revision: null, routes: [], tunnels: [], seen: new Map() };

// `gateway node dashboard` hands the token over behind the #, which no server and no log ever sees.
function takeToken() {
  const handed = new URLSearchParams(location.hash.slice(1)).get("token");
  if (handed) {
    sessionStorage.setItem("token", handed);
    history.replaceState(null, "", location.pathname);
  }
  return handed ?? sessionStorage.getItem("token") ?? "";
}

const ask = (path, options = {}) => fetch("/api" + path, { ...options, headers: { Authorization: "Bearer " + state.token } });

function element(name, text, ...classes) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  made.classList.add(...classes.filter(Boolean));
  return made;
}

function fill(id, items, empty) {
  at(id).replaceChildren(...(items.length ? items : [empty]));
}

function row(...cells) {
  const made = element("tr");
  made.append(...cells.map(([text, ...classes]) => element("td", text, ...classes)));
  return made;
}

const emptyRow = (text, columns) => {
  const made = row([text, "quiet"]);
  made.firstChild.colSpan = columns;
  return made;
};

const wanted = (...texts) => {
  const search = at("search").value.trim().toLowerCase();
  return search === "" || texts.some(text => String(text).toLowerCase().includes(search));
};

const since = text => new Date(text).toLocaleString([], { dateStyle: "short", timeStyle: "medium" });

function showConditions(conditions) {
  const word = it => it.serving ? (it.degraded ? ["degraded", "warn"] : ["good", "good"]) : ["not serving", "bad"];
  fill("conditions", conditions.map(it => {
    const made = element("li");
    made.append(element("strong", `${it.name}: `), element("span", word(it)[0], word(it)[1]), element("div", it.text, "quiet"));
    return made;
  }), element("li", "none", "quiet"));
  const bad = conditions.filter(it => !it.serving).length, strained = conditions.filter(it => it.degraded).length;
  const summary = bad ? `${bad} not serving` : strained ? `serving, ${strained} need attention` : "all parts serve";
  if (at("summary").textContent !== summary) at("summary").textContent = summary;
  at("summary").className = bad ? "bad" : strained ? "warn" : "good";
  document.title = (bad ? "✗ " : strained ? "! " : "") + "Gateway";
}

// Connected sessions, and every host that should have one and has none.
function showTunnels() {
  const served = new Set(state.tunnels.flatMap(it => it.hosts));
  const missing = state.routes.filter(it => it.kind === "tunnel" && !served.has(it.host));
  const rows = [
    ...missing.filter(it => wanted(it.host, it.user)).map(it => row(["✗ down", "bad"], [it.host, "name"], ["no client is connected", "quiet"], ["", "number"])),
    ...state.tunnels.filter(it => wanted(it.id, it.client, ...it.hosts))
      .map(it => row(["✓ up", "good"], [it.hosts.join(", "), "name"], [it.client], [it.visitors, "number"])),
  ];
  fill("tunnels", rows, emptyRow("no tunnels", 4));
  at("n-tunnels").textContent = state.tunnels.length + (missing.length ? `, ${missing.length} down` : "");
}

function showTraffic(traffic) {
  const series = [["DNS queries", "queries", "/s"], ["Visits", "visits", "/s"], ["Relayed", "bytes", "B/s"]];
  fill("traffic", series.map(([label, key, unit]) => {
    const values = traffic[key], most = Math.max(1, ...values), now = values.at(-1) ?? 0;
    const made = element("div", undefined, "chart"), text = element("div");
    text.append(element("span", label, "quiet"), element("strong", `${short(now)} ${unit}`));
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("class", "line");
    svg.setAttribute("viewBox", "0 0 359 100");
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", `${label}: ${short(now)} ${unit} now, ${short(most)} ${unit} at most in the last hour`);
    const line = document.createElementNS("http://www.w3.org/2000/svg", "polyline");
    line.setAttribute("points", values.map((value, i) => `${359 - values.length + 1 + i},${98 - 94 * value / most}`).join(" "));
    svg.append(line);
    made.append(text, svg);
    return made;
  }), element("p", "no figures yet", "quiet"));
}

const short = number => number >= 1e9 ? (number / 1e9).toFixed(1) + " G" : number >= 1e6 ? (number / 1e6).toFixed(1) + " M"
  : number >= 1e3 ? (number / 1e3).toFixed(1) + " k" : number >= 10 || number === 0 ? number.toFixed(0) : number.toFixed(1);

function showTroubles(troubles) {
  fill("troubles", troubles.filter(it => wanted(it.text, it.part)).map(it => {
    const made = element("li");
    made.append(element("span", it.level, it.level === "warning" ? "warn" : "bad"), element("span", `  ${since(it.at)}  ${it.part}`, "quiet"), element("div", it.text));
    return made;
  }), element("li", "none since the start", "quiet"));
}

function showCounts(counts) {
  for (const name of ["zones", "reservations"]) at("n-" + name).textContent = counts[name];
}

async function list(path) {
  const answer = await ask(`/${path}?limit=200&search=${encodeURIComponent(at("search").value.trim())}`);
  return answer.ok ? answer.json() : null;
}

let loading = Promise.resolve();
const load = () => (loading = loading.then(loadLists, loadLists));

async function loadLists() {
  const [zones, routes, reservations] = await Promise.all([list("zones"), list("routes"), list("reservations")]);
  if (zones) fill("zones", zones.map(it => row([it.zone, "name"], [it.owner], [it.names, "number"])), emptyRow("no zones", 3));
  if (reservations) fill("reservations", reservations.map(it => row([it.state, it.state === "served" ? "good" : "bad"], [it.name + (it.message ? ` (${it.message})` : ""), "name"], [it.kind], [it.user], [it.id], [since(it.created)])), emptyRow("no reservations", 6));
  if (!routes) return;
  state.routes = routes;
  at("n-routes").textContent = routes.length;
  fill("routes", routes.map(it => row([it.host, "name"], [it.kind === "tunnel" ? "tunnel" : it.to], [it.user])), emptyRow("no routes", 3));
  showTunnels();
}

function show(picture) {
  showConditions(picture.conditions);
  state.tunnels = picture.tunnels;
  showTunnels();
  showTraffic(picture.traffic);
  showTroubles(picture.troubles);
  if (!picture.counts) return;
  showCounts(picture.counts);
  if (picture.counts.revision !== state.revision) {
    state.revision = picture.counts.revision;
    load();
  }
}

// Server-sent events by fetch, for EventSource cannot show a token.
async function follow() {
  const answer = await ask("/events");
  if (answer.status === 401) return logIn(state.token ? "That is not the token of this node." : "");
  if (!answer.ok) throw new Error(answer.statusText);
  at("login").hidden = true;
  at("main").hidden = false;
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let kept = ""; ;) {
    const { value, done } = await reader.read();
    if (done) throw new Error("the stream ended");
    const events = (kept + value).split("\n\n");
    kept = events.pop();
    for (const event of events) if (event.startsWith("data: ")) show(JSON.parse(event.slice(6)));
  }
}

function logIn(fault) {
  at("main").hidden = true;
  at("login").hidden = false;
  at("denied").textContent = fault;
  at("summary").textContent = "not logged in";
  at("token").focus();
  return true;
}

async function run() {
  for (; ;) {
    try {
      if (await follow()) return;
    } catch {
      at("summary").textContent = "the node does not answer; trying again";
      at("summary").className = "bad";
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

let typing;
at("search").addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(load, 150);
});

document.addEventListener("keydown", event => {
  if (event.key === "/" && document.activeElement?.tagName !== "INPUT") {
    event.preventDefault();
    at("search").focus();
  } else if (event.key === "Escape" && document.activeElement === at("search")) {
    at("search").value = "";
    at("search").blur();
    load();
  }
});

run();
