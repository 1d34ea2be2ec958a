// Before dotted, after solid, removals struck red; the table beside it is its twin for keyboard and screen reader.
import { colours, styles } from "../../web/js/map/style.js";
import { TileLayers } from "../../web/js/map/tiles.js";

const L = window.L;
// What lies around, as it is in force today, quiet below what changes.
const AROUND = ["districts", "redline", "zones"];
const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function styleOf() {
  const [accent, unmet, quiet] = [token("--accent"), token("--unmet"), token("--ink-3")];
  return {
    before: { color: quiet, weight: 1.5, dashArray: "2 4", fill: false, interactive: false },
    add: { color: accent, weight: 2, fillColor: accent, fillOpacity: 0.2 },
    modify: { color: accent, weight: 2, fillColor: accent, fillOpacity: 0.08 },
    remove: { color: unmet, weight: 1.5, dashArray: "6 3", fillColor: unmet, fillOpacity: 0.12 },
  };
}

// Two lines across what ends, so that it does not rest on colour alone.
function strike(bounds, colour) {
  const line = { color: colour, weight: 1.5, interactive: false };
  return L.layerGroup([
    L.polyline([bounds.getSouthWest(), bounds.getNorthEast()], line),
    L.polyline([bounds.getNorthWest(), bounds.getSouthEast()], line),
  ]);
}

export async function drawComparison(box, { shapes, findings, texts }) {
  const note = document.querySelector("[data-map-note]");
  const map = L.map(box, {
    attributionControl: false, zoomControl: false, maxZoom: 20, scrollWheelZoom: false,
    zoomAnimation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
  }).setView([23.02, 113.1], 10);
  L.control.zoom({ position: "bottomright", zoomInTitle: texts.zoomIn, zoomOutTitle: texts.zoomOut }).addTo(map);
  L.control.scale({ position: "bottomleft", imperial: false, maxWidth: 120 }).addTo(map);
  // The page scrolls under the wheel until somebody works with the map.
  map.on("focus", () => map.scrollWheelZoom.enable());
  map.on("blur", () => map.scrollWheelZoom.disable());

  const layers = AROUND.map((name) => ({ name, tiles: `/tiles/${name}/`, themes: [] }));
  // Missing surroundings take nothing from the comparison, so nobody is told of them.
  const around = new TileLayers(map, { layers }, AROUND, () => {});
  around.show(AROUND, { ...styles(colours(), null), key: "plain" }, {});

  const places = new Map();
  function zoom(bounds) {
    map.fitBounds(bounds, { padding: [24, 24], maxZoom: 18 });
  }

  function say(text, again = null) {
    note.replaceChildren(text);
    note.hidden = !text;
    if (!again) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn";
    button.textContent = texts.retry;
    button.addEventListener("click", again);
    note.append(" ", button);
  }

  function draw({ features, total, coarse }) {
    const styles = styleOf();
    const everything = L.featureGroup();
    for (const { code, action, before, after } of features) {
      const group = L.featureGroup();
      if (before) L.geoJSON(before, { style: action === "remove" ? styles.remove : styles.before }).addTo(group);
      if (after && action !== "remove") L.geoJSON(after, { style: styles[action] }).addTo(group);
      const bounds = group.getBounds();
      if (!bounds.isValid()) continue;
      if (action === "remove") strike(bounds, styles.remove.color).addTo(map);
      group.bindTooltip(`${code} ${texts[action]}`, { sticky: true });
      group.addTo(everything);
      places.set(code, bounds);
    }
    everything.addTo(map);
    const marks = { error: token("--unmet"), warning: token("--risk") };
    for (const finding of findings) {
      L.circleMarker([finding.lat, finding.lon], { radius: 6, weight: 2, color: marks[finding.severity], fillOpacity: 0.3 })
        .bindTooltip(finding.message)
        .addTo(map);
    }
    if (everything.getBounds().isValid()) zoom(everything.getBounds());
    const notes = [];
    if (!total) notes.push(texts.none);
    if (total > features.length) notes.push(texts.capped.replace("{n}", features.length).replace("{total}", total));
    if (coarse) notes.push(texts.coarse);
    say(notes.join(" "));
    box.dataset.ready = "true";
  }

  async function load() {
    try {
      const response = await fetch(shapes);
      if (!response.ok) throw new Error(String(response.status));
      draw(await response.json());
    } catch {
      say(texts.failed, load);
    }
  }

  document.addEventListener("click", (event) => {
    const feature = event.target.closest("[data-zoom]");
    const point = event.target.closest("[data-lon]");
    if (feature && places.has(feature.dataset.zoom)) zoom(places.get(feature.dataset.zoom));
    else if (point) map.setView([Number(point.dataset.lat), Number(point.dataset.lon)], 18);
    else return;
    box.scrollIntoView({ block: "nearest" });
  });
  new ResizeObserver(() => map.invalidateSize({ animate: false })).observe(box);
  await load();
}
