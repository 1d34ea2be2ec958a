// The layers as vector tiles. Tiles are 512 px wide, a quarter of the requests of the usual size,
// so a map zoom shows tiles of the zoom above it.
const L = window.L;
const TILE = 512;

const Grid = L.VectorGrid.Protobuf.extend({
  _getVectorTilePromise(coords) {
    const address = L.point(coords.x, coords.y);
    address.z = coords.z - 1;
    this.fire("ask");
    return L.VectorGrid.Protobuf.prototype._getVectorTilePromise
      .call(this, address)
      .then(
        (tile) => {
          // VectorGrid hides a refused request behind an empty list of layers.
          if (Array.isArray(tile.layers)) this.fire("refused");
          return tile;
        },
        () => {
          this.fire("refused");
          return { layers: [] };
        },
      )
      .finally(() => this.fire("answered"));
  },
});

function sharpCanvas(coords, size, options) {
  const renderer = L.canvas.tile(coords, size, options);
  const ratio = Math.min(2, window.devicePixelRatio || 1);
  if (ratio > 1) {
    const canvas = renderer.getContainer();
    canvas.width = size.x * ratio;
    canvas.height = size.y * ratio;
    renderer._ctx.scale(ratio, ratio);
  }
  return renderer;
}

export class TileLayers {
  // `report(pending, refused)` is told of every change in what is being loaded.
  constructor(map, config, order, report) {
    this.map = map;
    this.config = config;
    this.grids = new Map();
    this.pending = 0;
    this.refused = 0;
    this.report = report;
    this.query = "";
    order.forEach((name, index) => {
      const layer = config.layers.find((item) => item.name === name);
      if (!layer) return;
      const grid = new Grid(this.address(layer), {
        tileSize: TILE,
        zIndex: 10 + index,
        pane: "tilePane",
        minZoom: 8,
        maxZoom: 19,
        rendererFactory: sharpCanvas,
        vectorTileLayerStyles: {},
        getFeatureId: (feature) => feature.id ?? feature.properties.code,
        updateWhenZooming: false,
        keepBuffer: 1,
      });
      grid.on("ask", () => this.count(1));
      grid.on("answered", () => this.count(-1));
      grid.on("refused", () => {
        this.refused += 1;
      });
      this.grids.set(name, grid);
    });
  }

  address(layer) {
    return `${layer.tiles}{z}/{x}/{y}.mvt${layer.themes.length ? this.themeQuery ?? "" : this.query}`;
  }

  count(change) {
    if (this.pending === 0 && change > 0) this.refused = 0;
    this.pending += change;
    this.report(this.pending, this.refused);
  }

  // Draws with `styles` (by layer name) the features of `on`, coloured by `by` and `year`.
  show(visible, styles, { on = "", by = "", year = "" }) {
    const asked = new URLSearchParams();
    if (on) asked.set("on", on);
    this.query = asked.size ? `?${asked}` : "";
    if (by) asked.set("by", by);
    if (by && year) asked.set("year", year);
    this.themeQuery = asked.size ? `?${asked}` : "";
    for (const [name, grid] of this.grids) {
      const layer = this.config.layers.find((item) => item.name === name);
      const address = this.address(layer);
      const style = styles[name];
      const changed = grid._url !== address || grid.drawnAs !== styles.key;
      grid.options.vectorTileLayerStyles = { [name]: style };
      grid.drawnAs = styles.key;
      grid.setUrl(address, true);
      const wanted = visible.includes(name);
      if (!wanted) grid.remove();
      else if (!this.map.hasLayer(grid)) grid.addTo(this.map);
      else if (changed) grid.redraw();
    }
  }

  retry() {
    this.refused = 0;
    for (const grid of this.grids.values()) if (this.map.hasLayer(grid)) grid.redraw();
  }

  // The topmost drawn feature at `latlng`: { layer, properties }, else null.
  pick(latlng, names) {
    for (const name of names) {
      const grid = this.grids.get(name);
      if (!grid || !this.map.hasLayer(grid)) continue;
      const point = this.map.project(latlng, grid._tileZoom);
      const column = Math.floor(point.x / TILE);
      const row = Math.floor(point.y / TILE);
      const renderer = grid._vectorTiles[`${column}:${row}:${grid._tileZoom}`];
      if (!renderer) continue;
      const inside = L.point(point.x - column * TILE, point.y - row * TILE);
      let found = null;
      for (const id in renderer._layers) if (holds(renderer._layers[id], inside)) found = renderer._layers[id];
      if (found) return { layer: name, properties: found.properties };
    }
    return null;
  }
}

function box(feature) {
  if (!feature.pickBox) feature.pickBox = L.bounds(feature._parts.flat());
  return feature.pickBox;
}

// Even-odd over all rings, so holes are outside.
function holds(feature, point) {
  if (!feature._parts?.length || !box(feature).contains(point)) return false;
  let inside = false;
  for (const ring of feature._parts) {
    for (let i = 0, j = ring.length - 1; i < ring.length; j = i, i += 1) {
      const a = ring[i];
      const b = ring[j];
      if (a.y > point.y !== b.y > point.y && point.x < ((b.x - a.x) * (point.y - a.y)) / (b.y - a.y) + a.x) {
        inside = !inside;
      }
    }
  }
  return inside;
}
