// The map beside the chart: plots of the selection filled, and marked by a dot where they are too small to see.
import { colours, styles } from "../../web/js/map/style.js";
import { TileLayers } from "../../web/js/map/tiles.js";

const L = window.L;
const DETAIL = 12;

export class PlotMap {
  constructor(config, data) {
    this.codes = new Set();
    this.palette = colours();
    this.map = L.map("map", { zoomControl: false, attributionControl: false, minZoom: 8, maxZoom: 19, preferCanvas: true });
    L.control
      .zoom({ position: "bottomright", zoomInTitle: config.texts.zoomIn, zoomOutTitle: config.texts.zoomOut })
      .addTo(this.map);
    const [west, south, east, north] = config.home;
    this.home = [[south, west], [north, east]];
    this.map.fitBounds(this.home, { animate: false });
    this.tiles = new TileLayers(this.map, config, ["districts", "plots"], (pending) => {
      this.map.getContainer().dataset.loading = String(pending);
    });
    const drawn = styles(this.palette, null);
    const plain = drawn.plots;
    drawn.plots = (properties, zoom) =>
      this.codes.has(properties.code)
        ? { color: this.palette.accent, weight: 2, opacity: 1, fill: true, fillColor: this.palette.accent, fillOpacity: 0.6 }
        : plain(properties, zoom);
    this.tiles.show(["districts", "plots"], { ...drawn, key: "chosen" }, { on: data.on });
    this.dots = L.layerGroup().addTo(this.map);
    new ResizeObserver(() => this.map.invalidateSize({ animate: false })).observe(this.map.getContainer());
  }

  // `chosen`: numbers of places.
  highlight(chosen, places) {
    this.codes = new Set([...chosen].map((place) => places.code[place]));
    this.dots.clearLayers();
    const spots = [...chosen].map((place) => [places.lat[place], places.lon[place]]);
    for (const spot of spots) {
      this.dots.addLayer(L.circleMarker(spot, { radius: 4, weight: 1, color: "#fff", fillColor: this.palette.accent, fillOpacity: 0.9, interactive: false }));
    }
    if (spots.length) this.map.fitBounds(L.latLngBounds(spots).pad(0.1), { maxZoom: 16, animate: false });
    else this.map.fitBounds(this.home, { animate: false });
    // Aggregated cells look the same; single plots are drawn anew.
    if (this.map.getZoom() - 1 >= DETAIL) this.tiles.grids.get("plots")?.redraw();
    this.map.getContainer().dataset.highlighted = String(this.codes.size);
  }
}
