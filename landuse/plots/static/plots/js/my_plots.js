// The enterprise's plots over what lies around them; the table below is the map's twin.
import { colours, styles } from "../../web/js/map/style.js";
import { TileLayers } from "../../web/js/map/tiles.js";

const L = window.L;
const AROUND = ["districts", "redline", "zones"];
const config = JSON.parse(document.getElementById("my-plots-config").textContent);
const box = document.getElementById("my-plots-map");
const accent = getComputedStyle(document.documentElement).getPropertyValue("--accent").trim();
const plain = { color: accent, weight: 2, fillColor: accent, fillOpacity: 0.15 };
const lit = { weight: 4, fillOpacity: 0.35 };

const map = L.map(box, {
  attributionControl: false, zoomControl: false, maxZoom: 19, scrollWheelZoom: false,
  zoomAnimation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
}).setView([23.02, 113.1], 10);
L.control.zoom({ position: "bottomright", zoomInTitle: config.texts.zoomIn, zoomOutTitle: config.texts.zoomOut }).addTo(map);
L.control.scale({ position: "bottomleft", imperial: false, maxWidth: 120 }).addTo(map);
// The page scrolls under the wheel until somebody works with the map.
map.on("focus", () => map.scrollWheelZoom.enable());
map.on("blur", () => map.scrollWheelZoom.disable());

const layers = AROUND.map((name) => ({ name, tiles: `/tiles/${name}/`, themes: [] }));
// Missing surroundings take nothing from the plots, so nobody is told of them.
new TileLayers(map, { layers }, AROUND, () => {}).show(AROUND, { ...styles(colours(), null), key: "plain" }, {});

const drawn = new Map();
const everything = L.featureGroup().addTo(map);
for (const { code, label, url, geometry } of config.plots) {
  const shape = L.geoJSON(geometry, { style: plain }).addTo(everything);
  shape.bindTooltip(label, { sticky: true });
  shape.on("click", () => location.assign(url));
  drawn.set(code, shape);
}
if (everything.getBounds().isValid()) map.fitBounds(everything.getBounds(), { padding: [24, 24], maxZoom: 16 });

// A row pointed at, or reached by keyboard, lights its plot.
for (const link of document.querySelectorAll("[data-plot]")) {
  const row = link.closest("tr");
  const shape = drawn.get(link.dataset.plot);
  if (!shape) continue;
  for (const name of ["pointerenter", "focusin"]) row.addEventListener(name, () => shape.setStyle(lit));
  for (const name of ["pointerleave", "focusout"]) row.addEventListener(name, () => shape.setStyle(plain));
}
new ResizeObserver(() => map.invalidateSize({ animate: false })).observe(box);
box.dataset.ready = "true";
