// The map page: one state, drawn on the map, in the panel and in the address.
import { toast } from "../toast.js";
import { Basemap } from "./basemap.js";
import { initHover } from "./hover.js";
import { Labels } from "./labels.js";
import { drawLegend } from "./legend.js";
import { Measure } from "./measure.js";
import { Panel } from "./panel.js";
import { initPrinting } from "./printing.js";
import { Selection } from "./selection.js";
import { addressOf, readState } from "./state.js";
import { colours, styles } from "./style.js";
import { TileLayers } from "./tiles.js";

const L = window.L;
const config = JSON.parse(document.getElementById("map-config").textContent);
const { texts } = config;
// Bottom to top. Lines of red line and zones stay above the plots they hold.
const ORDER = ["districts", "controls", "plots", "redline", "zones"];
const PICK_ORDER = ["plots", "redline", "zones", "controls", "districts"];

const find = (selector) => document.querySelector(selector);
const themed = config.layers.find((layer) => layer.themes.length);
const phone = matchMedia("(max-width: 767px)");
let state = readState(config);
let legend = null;
let wantedLegend = "";
let hushed = false;

const map = L.map("map", {
  zoomControl: false,
  attributionControl: false,
  minZoom: 9,
  maxZoom: 19,
  zoomAnimation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
  wheelPxPerZoomLevel: 100,
});
L.control.zoom({ position: "bottomright", zoomInTitle: texts.zoomIn, zoomOutTitle: texts.zoomOut }).addTo(map);
L.control.scale({ position: "bottomright", imperial: false, maxWidth: 120 }).addTo(map);

const selection = new Selection(map);
const labels = new Labels(map);
const tiles = new TileLayers(map, config, ORDER, progress);
const basemap = new Basemap(map, config);
const measure = new Measure(map, config, () => markTool(""));
const panel = new Panel(config, { open, close, listQuery });
const print = initPrinting(map, tilesLoaded, () => ({
  on: state.on,
  theme: legend ? `${legend.label}${legend.year ? ` ${legend.year}` : ""}` : "",
}));
panel.sheet("half");

/* What is happening ------------------------------------------------------- */
function notice(text, again = null) {
  const box = find("[data-notice]");
  box.replaceChildren(text);
  if (again) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn";
    button.textContent = texts.retry;
    button.addEventListener("click", again);
    box.append(button);
  }
  box.hidden = !text;
}

function progress(pending, refused) {
  find("[data-progress]").hidden = pending === 0;
  map.getContainer().dataset.loading = String(pending);
  if (pending > 0 || !navigator.onLine) return;
  if (refused) notice(texts.tilesFailed, () => tiles.retry());
  else notice("");
  for (const done of waiting.splice(0)) done();
}

const waiting = [];
function tilesLoaded() {
  return new Promise((done) => {
    requestAnimationFrame(() => (tiles.pending ? waiting.push(done) : done()));
  });
}

/* State -------------------------------------------------------------------- */
function save(push = false) {
  const address = addressOf(config, state);
  if (address === location.pathname + location.search) return;
  history[push ? "pushState" : "replaceState"](null, "", address);
}

function set(change, push = true) {
  state = { ...state, ...change };
  save(push);
}

function gridded() {
  return Boolean(themed) && map.getZoom() - 1 < themed.gridBelow;
}

function redraw() {
  const visible = ORDER.filter((name) => state.layers.includes(name));
  basemap.show(state.base);
  const drawn = styles(colours(), legend, state.base);
  drawn.key = `${state.base}.${legend ? `${legend.key}.${legend.year}.${state.on}` : "plain"}`;
  tiles.show(visible, drawn, {
    on: state.on === config.today ? "" : state.on,
    by: legend ? state.by : "",
    year: legend?.year ? String(legend.year) : "",
  });
  labels.arrange(visible);
  drawLegend([find("[data-legend]"), find("[data-legend-inline]")], {
    layers: config.layers, visible, legend, texts, gridded: gridded(),
  });
}

// Answers whether the legend is that of the colours asked for last: of two choices in a row the first may come second.
async function loadLegend() {
  const asked = new URLSearchParams({ by: state.by, on: state.on });
  if (state.year) asked.set("year", state.year);
  const wanted = asked.toString();
  wantedLegend = wanted;
  legend = null;
  if (!state.by || !themed) return true;
  find("[data-progress]").hidden = false;
  try {
    const response = await fetch(`${config.urls.legend}${themed.name}/?${wanted}`);
    if (response.ok) {
      const answer = await response.json();
      if (wantedLegend === wanted) legend = answer;
    } else if (wantedLegend === wanted) {
      notice(response.status < 500 ? (await response.text()).trim() : texts.cardFailed);
    }
  } catch {
    if (wantedLegend === wanted) notice(texts.cardFailed, () => recolour());
  }
  if (wantedLegend !== wanted) return false;
  find("[data-progress]").hidden = tiles.pending === 0;
  return true;
}

function showControls() {
  for (const box of document.querySelectorAll("[data-layer-toggle]")) {
    box.checked = state.layers.includes(box.dataset.layerToggle);
  }
  find("[data-on]").value = state.on;
  find("[data-place]").value = state.within;
  const base = find("[data-base]");
  if (base) base.value = state.base;
  const by = find("[data-by]");
  if (!by) return;
  by.value = state.by;
  const theme = themed.themes.find((item) => item.key === state.by);
  const year = find("[data-year]");
  year.hidden = !theme?.years.length;
  year.replaceChildren(...(theme?.years ?? []).map((item) => new Option(item, item)));
  if (state.year) year.value = state.year;
}

async function recolour() {
  if (await loadLegend()) redraw();
}

/* View --------------------------------------------------------------------- */
function padding() {
  const bottom = phone.matches ? find("#map-panel").getBoundingClientRect().height : 24;
  return { paddingTopLeft: [24, 24], paddingBottomRight: [24, bottom + 8] };
}

function home() {
  const [west, south, east, north] = config.home ?? config.city;
  map.fitBounds([[south, west], [north, east]], padding());
}

function listQuery() {
  const box = map.getBounds();
  const asked = new URLSearchParams({
    bbox: [box.getWest(), box.getSouth(), box.getEast(), box.getNorth()].map((part) => part.toFixed(6)).join(","),
    on: state.on,
  });
  if (state.within) asked.set("within", state.within);
  return asked;
}

/* Selection ------------------------------------------------------------------ */
async function open(select, { push = true, fit = "if-outside", focus = false, animate = true } = {}) {
  set({ select }, push);
  const shown = await panel.showCard(select, state.on, { focus });
  if (state.select !== select) return;
  const bounds = selection.show(shown?.shape, colours().accent);
  if (fit === "never" || !shown) return;
  if (bounds?.isValid()) {
    const seen = map.getBounds().pad(-0.05).contains(bounds) && map.getZoom() >= fitZoom(bounds) - 4;
    if (fit === "always" || !seen) map.fitBounds(bounds, { ...padding(), maxZoom: 17, animate });
  } else if (shown.extent) {
    const [west, south, east, north] = shown.extent;
    map.fitBounds([[south, west], [north, east]], { ...padding(), maxZoom: 17, animate });
  }
}

function fitZoom(bounds) {
  return Math.min(17, map.getBoundsZoom(bounds));
}

function close({ push = true } = {}) {
  set({ select: "" }, push);
  selection.show(null);
  panel.showHome();
}

async function limit(within, { push = true, fit = true, animate = true } = {}) {
  set({ within }, push);
  showControls();
  if (!within) {
    selection.limit(null);
    if (fit) home();
    if (panel.listOpen) panel.list();
    return;
  }
  const [layer, code] = within.split(":");
  try {
    const response = await fetch(`${config.urls.card}${layer}/${encodeURIComponent(code)}/?on=${state.on}`);
    if (!response.ok) {
      notice((await response.text()).trim());
      return;
    }
    const fragment = document.createElement("template");
    fragment.innerHTML = await response.text();
    const bounds = selection.limit(JSON.parse(fragment.content.querySelector("#map-shape").textContent));
    if (fit) map.fitBounds(bounds, { ...padding(), animate });
  } catch {
    notice(texts.cardFailed, () => limit(within, { push: false, fit }));
  }
}

/* Pointer and keyboard ---------------------------------------------------------- */
initHover(map, tiles, {
  texts,
  themed,
  layers: () => PICK_ORDER.filter((name) => name !== "districts" && state.layers.includes(name)),
  legend: () => legend,
  busy: () => measure.active || map.dragging?.moving(),
});

async function openAt(latlng, focus) {
  const hit = tiles.pick(latlng, PICK_ORDER.filter((name) => state.layers.includes(name)));
  if (hit?.properties.code !== undefined) {
    open(`${hit.layer}:${hit.properties.code}`, { focus, fit: "never" });
    return;
  }
  if (hit) {
    map.setView(latlng, Math.min(map.getZoom() + 2, 14));
    return;
  }
  const asked = new URLSearchParams({
    lon: latlng.lng.toFixed(7), lat: latlng.lat.toFixed(7), on: state.on,
    layers: state.layers.filter((name) => name !== "plots" || !gridded()).join(","),
  });
  try {
    const response = await fetch(`${config.urls.at}?${asked}`);
    const answer = response.ok ? await response.json() : { layer: null };
    if (answer.layer) open(`${answer.layer}:${answer.code}`, { focus, fit: "never" });
    else if (focus) toast(texts.nothingHere);
    else if (state.select) close();
  } catch {
    notice(texts.cardFailed);
  }
}

map.on("click", (event) => {
  if (measure.active) measure.add(event.latlng);
  else openAt(event.latlng, false);
});
map.on("dblclick", () => {
  if (measure.active) measure.finish();
});
map.getContainer().addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target === map.getContainer()) {
    if (measure.active) measure.addOrFinish(map.getCenter());
    else openAt(map.getCenter(), true);
  } else if (event.key === "Backspace" && measure.active) {
    event.preventDefault();
    measure.undo();
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented || document.querySelector("dialog[open], [popover]:popover-open")) return;
  if (measure.active) measure.stop();
  else if (state.select) close();
});

/* Controls ------------------------------------------------------------------- */
function markTool(kind) {
  for (const name of ["length", "area"]) {
    find(`[data-tool=${name}]`).setAttribute("aria-pressed", String(name === kind));
  }
}

function toggleMeasure(kind) {
  const again = measure.kind === kind;
  measure.stop();
  if (again) return;
  measure.start(kind);
  markTool(kind);
  map.getContainer().focus();
}

const actions = {
  home: () => (state.within ? limit(state.within, { push: false }) : home()),
  length: () => toggleMeasure("length"),
  area: () => toggleMeasure("area"),
  print,
  link: async () => {
    try {
      await navigator.clipboard.writeText(location.href);
      toast(texts.linkCopied);
    } catch {
      // Refused by the browser's policy, or plain HTTP.
      toast(texts.linkFailed, { level: "error" });
    }
  },
};
find(".map-tools").addEventListener("click", (event) => {
  const tool = event.target.closest("[data-tool]");
  if (tool) actions[tool.dataset.tool]();
});
for (const box of document.querySelectorAll("[data-layer-toggle]")) {
  box.addEventListener("change", () => {
    const name = box.dataset.layerToggle;
    set({ layers: box.checked ? [...state.layers, name] : state.layers.filter((item) => item !== name) }, false);
    redraw();
  });
}
find("[data-on]").addEventListener("change", (event) => {
  set({ on: event.target.value || config.today });
  everything();
});
find("[data-place]").addEventListener("change", (event) => limit(event.target.value));
find("[data-by]")?.addEventListener("change", (event) => {
  const theme = themed.themes.find((item) => item.key === event.target.value);
  set({ by: event.target.value, year: theme?.years.length ? String(theme.years[0]) : "" });
  showControls();
  recolour();
});
find("[data-year]")?.addEventListener("change", (event) => {
  set({ year: event.target.value });
  recolour();
});

find("[data-base]")?.addEventListener("change", (event) => {
  set({ base: event.target.value }, false);
  redraw();
});

/* Address, network ---------------------------------------------------------------- */
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  if (!link || event.defaultPrevented || event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
  const target = new URL(link.href, location.href);
  if (target.origin !== location.origin || target.pathname !== config.urls.map || !target.search) return;
  event.preventDefault();
  const asked = readState(config, target.search);
  if (asked.on !== state.on && target.searchParams.has("on")) {
    set({ on: asked.on }, false);
    everything();
  }
  if (asked.select) open(asked.select, { fit: "always" });
});
window.addEventListener("popstate", () => {
  state = readState(config);
  everything({ pushed: false });
});
map.on("moveend", () => {
  const centre = map.getCenter();
  state = { ...state, lat: centre.lat, lon: centre.lng, z: map.getZoom() };
  if (!hushed) save();
  if (panel.listOpen) panel.list();
});
map.on("zoomend", () => {
  drawLegend([find("[data-legend]"), find("[data-legend-inline]")], {
    layers: config.layers, visible: state.layers, legend, texts, gridded: gridded(),
  });
});
window.addEventListener("offline", () => notice(texts.offline));
window.addEventListener("online", () => {
  notice("");
  tiles.retry();
});
new ResizeObserver(() => map.invalidateSize({ animate: false })).observe(map.getContainer());

async function nameEverything() {
  try {
    const names = await labels.load(config.urls.labels, state.on);
    labels.arrange(state.layers);
    find("[data-zones]").replaceChildren(
      ...names.filter((item) => item.layer === "zones").map((item) => new Option(item.label, `zones:${item.code}`)),
    );
    find("[data-place]").value = state.within;
  } catch {
    notice(texts.tilesFailed, nameEverything);
  }
}

// Draws `state` anew, after the address or the date changed. What the page opens with stands there at once: only a
// reader's own act moves the map.
async function everything({ pushed = true, first = false } = {}) {
  const placed = state.lat !== null && state.lon !== null;
  hushed = true;
  if (placed) map.setView([state.lat, state.lon], state.z ?? 13, { animate: false });
  else if (first || !pushed) home();
  hushed = false;
  showControls();
  nameEverything();
  await recolour();
  if (state.within) await limit(state.within, { push: false, fit: !placed, animate: !first });
  else selection.limit(null);
  if (state.select) await open(state.select, { push: false, fit: placed ? "never" : "always", animate: !first });
  else {
    selection.show(null);
    panel.showHome();
  }
  map.getContainer().dataset.ready = "true";
}

everything({ first: true });
