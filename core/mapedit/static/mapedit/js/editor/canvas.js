// The map under the editor: quiet layers, what the set changes on top of them, faults with their number.
import { Labels } from "../../../web/js/map/labels.js";
import { colours, styles } from "../../../web/js/map/style.js";
import { TileLayers } from "../../../web/js/map/tiles.js";
import { latlngs, partsOf } from "./geometry.js";

const L = window.L;
// Nothing snaps to names, markers and outlines, only to the boundaries fetched for it.
L.Marker.mergeOptions({ snapIgnore: true });
L.Path.mergeOptions({ snapIgnore: true });

const WAIT_MS = 120;
const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export class Canvas {
  constructor(config, { api, chosen, told }) {
    Object.assign(this, { config, api, chosen, told });
    this.selected = "";
    const { texts } = config;
    this.map = L.map("map", {
      zoomControl: false, attributionControl: false, minZoom: 9, maxZoom: 21, doubleClickZoom: false,
      zoomAnimation: !matchMedia("(prefers-reduced-motion: reduce)").matches, wheelPxPerZoomLevel: 100,
    });
    L.control.zoom({ position: "topright", zoomInTitle: texts.zoomIn, zoomOutTitle: texts.zoomOut }).addTo(this.map);
    L.control.scale({ position: "topright", imperial: false, maxWidth: 120 }).addTo(this.map);
    for (const [name, z] of [["before", 440], ["edits", 445], ["sketch", 460], ["faults", 470]]) {
      this.map.createPane(name).style.zIndex = z;
      this.map.getPane(name).style.pointerEvents = "none";
    }
    this.palette = { ...colours(), unmet: token("--unmet"), risk: token("--risk"), ink: token("--ink-2") };
    this.pending = 0;
    this.tiles = new TileLayers(this.map, config, config.layers.map((layer) => layer.name), (pending) => {
      this.pending = pending;
      this.map.getContainer().dataset.loading = String(pending);
    });
    this.labels = new Labels(this.map);
    this.edits = L.layerGroup().addTo(this.map);
    this.faults = L.layerGroup().addTo(this.map);
    this.lines = L.layerGroup().addTo(this.map);
    this.ghosts = L.layerGroup().addTo(this.map);
    this.map.on("moveend", () => this.later());
    new ResizeObserver(() => this.map.invalidateSize({ animate: false })).observe(this.map.getContainer());
  }

  async start(box) {
    this.look(box, { animate: false });
    const drawn = styles(this.palette, null);
    drawn.key = "plain";
    const names = this.config.layers.map((layer) => layer.name);
    this.tiles.show(names, drawn, {});
    this.hatch();
    try {
      await this.labels.load(this.config.urls.labels, this.config.today);
      this.labels.arrange(names);
    } catch {
      this.told(this.config.texts.labelsFailed);
    }
  }

  // What stands free of panel, tools and strip.
  get padding() {
    const phone = matchMedia("(max-width: 767px)").matches;
    const panel = phone ? document.querySelector(".editor-panel").getBoundingClientRect().height : 0;
    return { paddingTopLeft: [phone ? 16 : 96, 24], paddingBottomRight: [24, panel + 96] };
  }

  look([west, south, east, north], options = {}) {
    this.map.fitBounds([[south, west], [north, east]], { ...this.padding, maxZoom: 18, ...options });
  }

  // A hatch for what is drafted: lines can tell it from what is in force without colour.
  hatch() {
    const renderer = L.svg({ pane: "edits", padding: 0.4 });
    this.renderer = renderer.addTo(this.map);
    const namespace = "http://www.w3.org/2000/svg";
    const pattern = document.createElementNS(namespace, "pattern");
    for (const [name, value] of Object.entries({ id: "draft-hatch", width: 7, height: 7, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" })) {
      pattern.setAttribute(name, value);
    }
    const stroke = document.createElementNS(namespace, "path");
    for (const [name, value] of Object.entries({ d: "M0 0V7", stroke: this.palette.accent, "stroke-width": 1.5, "stroke-opacity": 0.45 })) {
      stroke.setAttribute(name, value);
    }
    pattern.append(stroke);
    const definitions = document.createElementNS(namespace, "defs");
    definitions.append(pattern);
    renderer._container.prepend(definitions);
  }

  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.redraw(), WAIT_MS);
  }

  get pixelM() {
    const centre = this.map.getCenter();
    return (40_075_016.7 * Math.cos((centre.lat * Math.PI) / 180)) / 2 ** (this.map.getZoom() + 8);
  }

  get bbox() {
    const box = this.map.getBounds();
    return [box.getWest(), box.getSouth(), box.getEast(), box.getNorth()].map((part) => part.toFixed(7)).join(",");
  }

  // Draws what the set changes in view; the selected feature is drawn by the sketch.
  async redraw() {
    this.asked?.abort();
    this.asked = new AbortController();
    try {
      const answer = await this.api.get("shapes/", { bbox: this.bbox, pixel: (this.pixelM / 2).toFixed(4) }, this.asked.signal);
      this.drawn = answer.features;
      this.draw();
      if (answer.more) this.told(this.config.texts.tooMany);
    } catch (error) {
      if (error.name !== "AbortError") this.told(this.config.texts.shapesFailed);
    }
    await this.fetchBoundaries();
  }

  draw() {
    this.edits.clearLayers();
    for (const { feature, action, geometry, base } of this.drawn ?? []) {
      if (base && action === "modify") this.outline(base, { color: this.palette.ink, weight: 1.5, dashArray: "1 4" });
      if (action === "remove" && base) {
        this.outline(base, { color: this.palette.unmet, weight: 2, fill: true, fillColor: this.palette.unmet, fillOpacity: 0.08 });
        this.strike(base);
      }
      if (geometry && feature !== this.selected) {
        this.outline(geometry, { color: this.palette.accent, weight: 2, fill: true, fillColor: "url(#draft-hatch)", fillOpacity: 1, pane: "edits", renderer: this.renderer });
      }
    }
  }

  outline(geometry, options) {
    L.polygon(latlngs(partsOf(geometry)), { pane: "before", interactive: false, fill: false, ...options }).addTo(this.edits);
  }

  strike(geometry) {
    for (const rings of latlngs(partsOf(geometry))) {
      const box = L.latLngBounds(rings[0]);
      for (const ends of [[box.getSouthWest(), box.getNorthEast()], [box.getNorthWest(), box.getSouthEast()]]) {
        L.polyline(ends, { pane: "before", interactive: false, color: this.palette.unmet, weight: 2 }).addTo(this.edits);
      }
    }
  }

  // Dotted: the selected feature as it is in force.
  before(geometry) {
    this.ghosts.clearLayers();
    if (!geometry) return;
    L.polygon(latlngs(partsOf(geometry)), {
      pane: "before", interactive: false, fill: false, color: this.palette.ink, weight: 2, dashArray: "1 5",
    }).addTo(this.ghosts);
  }

  // Which side of a comparison is looked at.
  compare(geometry, colour) {
    this.compared?.remove();
    this.compared = geometry
      ? L.polygon(latlngs(partsOf(geometry)), { pane: "faults", interactive: false, color: colour, weight: 3, fillOpacity: 0.12 }).addTo(this.map)
      : null;
    if (geometry) this.map.fitBounds(this.compared.getBounds(), this.padding);
  }

  candidates(shapes) {
    this.picked?.remove();
    this.picked = L.layerGroup(shapes.map((geometry) => L.polygon(latlngs(partsOf(geometry)), {
      pane: "sketch", interactive: false, color: this.palette.accent, weight: 3, fillColor: this.palette.accent, fillOpacity: 0.12,
    }))).addTo(this.map);
  }

  showFaults(findings) {
    this.faults.clearLayers();
    findings.forEach((finding, n) => {
      const colour = finding.severity === "error" ? this.palette.unmet : this.palette.risk;
      if (finding.geometry) {
        L.geoJSON(finding.geometry, {
          pane: "faults", interactive: false, style: { color: colour, weight: 2, fillColor: colour, fillOpacity: 0.28 },
          pointToLayer: (point, latlng) => L.circleMarker(latlng, { pane: "faults", radius: 5, color: colour, interactive: false }),
        }).addTo(this.faults);
      }
      if (finding.lon === null || finding.lat === null) return;
      const label = document.createElement("span");
      label.textContent = String(n + 1);
      const icon = L.divIcon({ className: `fault-mark fault-${finding.severity}`, html: label, iconSize: [22, 22] });
      const marker = L.marker([finding.lat, finding.lon], { icon, pane: "faults", keyboard: false, title: finding.message });
      marker.on("click", () => this.chosen(n));
      marker.addTo(this.faults);
    });
  }

  goTo(finding) {
    const shape = finding.geometry ? L.geoJSON(finding.geometry).getBounds() : null;
    if (shape?.isValid()) this.map.fitBounds(shape.pad(1.5), { ...this.padding, maxZoom: 20 });
    else if (finding.lon !== null) this.map.setView([finding.lat, finding.lon], Math.max(18, this.map.getZoom()));
  }

  // Neighbours' boundaries in view, while something is drawn or moved.
  snapTo(feature) {
    this.snapping = feature;
    return this.fetchBoundaries();
  }

  async fetchBoundaries() {
    if (this.snapping === undefined || this.snapping === null) {
      this.lines.clearLayers();
      return;
    }
    this.askedLines?.abort();
    this.askedLines = new AbortController();
    try {
      const { lines } = await this.api.get("boundaries/", { bbox: this.bbox, but: this.snapping }, this.askedLines.signal);
      this.lines.clearLayers();
      for (const line of lines) {
        L.geoJSON(line, { style: { opacity: 0, weight: 1, snapIgnore: false, pmIgnore: true, pane: "before" }, pane: "before", interactive: false, snapIgnore: false, pmIgnore: true }).eachLayer((layer) => {
          Object.assign(layer.options, { snapIgnore: false, pmIgnore: true });
          this.lines.addLayer(layer);
        });
      }
      this.map.getContainer().dataset.boundaries = String(lines.length);
    } catch (error) {
      if (error.name !== "AbortError") this.told(this.config.texts.snapFailed);
    }
  }

  // The policy's metres as pixels, within what a hand can aim at.
  get snapPixels() {
    return Math.min(24, Math.max(8, this.config.snapDistanceM / this.pixelM));
  }
}
