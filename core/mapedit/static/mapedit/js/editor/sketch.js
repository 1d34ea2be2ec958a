// The outline of one feature while its vertices are moved.
//
// Geoman makes two markers a vertex and looks at all of them with every move of the pointer, which a red-line tract
// of 14,000 vertices would not survive. So it is given only the stretches of boundary in view, at most LIMIT
// vertices nearest to the middle of the map, as lines of their own; what it does to them is put back into the whole.
import { latlngs, tidy } from "./geometry.js";

const L = window.L;
const LIMIT = 240;
const LIVE_LIMIT = 3000;
// With more vertices than this in view, points to add between them would hide the boundary.
const MIDDLE_LIMIT = 80;

export class Sketch {
  // edited(parts, snapped): the new coordinates and which dropped vertices sit on a neighbour.
  constructor(map, { colour, edited, dense, snapPixels }) {
    Object.assign(this, { map, colour, edited, dense, snapPixels });
    this.parts = null;
    this.stretches = [];
    this.dragging = false;
    this.snapped = [];
    this.shape = null;
    this.arrange = this.arrange.bind(this);
  }

  // Draws `parts`; with `editing` its vertices can be moved.
  show(parts, editing) {
    this.parts = parts;
    if (!this.shape) {
      this.shape = L.polygon([], {
        pane: "sketch", interactive: false, pmIgnore: true, color: this.colour, weight: 2.5, fillColor: this.colour,
        fillOpacity: 0.1, smoothFactor: 1.2,
      }).addTo(this.map);
    }
    this.shape.setLatLngs(latlngs(parts));
    if (editing === this.editing && !editing) return;
    this.editing = editing;
    this.map.off("moveend", this.arrange);
    if (editing) this.map.on("moveend", this.arrange);
    this.arrange();
  }

  hide() {
    this.map.off("moveend", this.arrange);
    this.clear();
    this.shape?.remove();
    this.shape = null;
    this.parts = null;
    this.editing = false;
  }

  clear() {
    for (const { line } of this.stretches) line.remove();
    this.stretches = [];
  }

  arrange() {
    if (this.dragging) return;
    this.clear();
    if (!this.editing || !this.parts) return;
    const { marked, left, shown } = this.markVertices();
    this.middles = shown <= MIDDLE_LIMIT;
    this.dense(left);
    this.parts.forEach((rings, part) => rings.forEach((ring, n) => {
      for (const run of runsOf(marked[part][n])) this.addStretch(part, n, ring, run);
    }));
  }

  // Which vertices are in view, the nearest LIMIT of them; `left` counts those in view that are too many.
  markVertices() {
    const view = this.map.getBounds().pad(0.1);
    const [west, south, east, north] = [view.getWest(), view.getSouth(), view.getEast(), view.getNorth()];
    const middle = this.map.getCenter();
    const seen = [];
    const marked = this.parts.map((rings) => rings.map((ring) => new Uint8Array(ring.length - 1)));
    this.parts.forEach((rings, part) => rings.forEach((ring, n) => {
      for (let k = 0; k < ring.length - 1; k += 1) {
        const [lon, lat] = ring[k];
        if (lon < west || lon > east || lat < south || lat > north) continue;
        seen.push([(lon - middle.lng) ** 2 + (lat - middle.lat) ** 2, part, n, k]);
      }
    }));
    if (seen.length > LIMIT) seen.sort((a, b) => a[0] - b[0]);
    for (const [, part, n, k] of seen.slice(0, LIMIT)) marked[part][n][k] = 1;
    return { marked, left: Math.max(0, seen.length - LIMIT), shown: seen.length };
  }

  addStretch(part, n, ring, run) {
    const count = ring.length - 1;
    const points = Array.from({ length: run.length }, (_, k) => ring[(run.start + k) % count]);
    const shown = points.map(([lon, lat]) => [lat, lon]);
    const options = { pane: "sketch", color: this.colour, weight: 2.5, fill: false, interactive: false, bubblingMouseEvents: false };
    const line = (run.closed ? L.polygon(shown, options) : L.polyline(shown, options)).addTo(this.map);
    const stretch = { line, part, n, run };
    this.stretches.push(stretch);
    line.pm.enable({
      snappable: true,
      snapDistance: this.snapPixels(),
      allowSelfIntersection: true,
      draggable: false,
      removeLayerBelowMinVertexCount: false,
      hideMiddleMarkers: !this.middles,
      removeVertexValidation: () => this.parts[part][n].length > 4,
    });
    line.on("pm:markerdragstart", () => {
      this.dragging = true;
    });
    line.on("pm:markerdrag", () => this.preview(stretch));
    line.on("pm:markerdragend", ({ markerEvent }) => {
      this.dragging = false;
      if (markerEvent.target._snapped) {
        const { lat, lng } = markerEvent.target.getLatLng();
        this.snapped.push([tidy(lng), tidy(lat)]);
      }
      this.commit(stretch);
    });
    // Adding by dragging a middle point fires before the drag begins: wait for what follows.
    for (const name of ["pm:vertexadded", "pm:vertexremoved"]) {
      line.on(name, () => setTimeout(() => this.dragging || this.commit(stretch)));
    }
  }

  preview(stretch) {
    if (this.shape.getLatLngs().flat(2).length > LIVE_LIMIT || this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = null;
      if (this.shape) this.shape.setLatLngs(latlngs(this.withStretch(stretch)));
    });
  }

  withStretch({ line, part, n, run }) {
    const drawn = (run.closed ? line.getLatLngs()[0] : line.getLatLngs()).map(({ lat, lng }) => [lng, lat]);
    const old = this.parts[part][n];
    const count = old.length - 1;
    const known = new Set(Array.from({ length: run.length }, (_, k) => old[(run.start + k) % count].join()));
    const points = drawn.map((point) => (known.has(point.join()) ? point : point.map(tidy)));
    const rest = Array.from({ length: count - run.length }, (_, k) => old[(run.start + run.length + k) % count]);
    const ring = [...points, ...rest];
    ring.push(ring[0]);
    return this.parts.map((rings, p) => (p === part ? rings.map((one, r) => (r === n ? ring : one)) : rings));
  }

  commit(stretch) {
    if (!this.stretches.includes(stretch)) return;
    const parts = this.withStretch(stretch);
    const snapped = this.snapped.splice(0);
    this.parts = parts;
    this.shape.setLatLngs(latlngs(parts));
    this.edited(parts, snapped);
    setTimeout(this.arrange);
  }
}

// Stretches of marked vertices round a ring, each with the unmarked neighbour at either end so that the edges
// leaving the view move along; stretches that would share a vertex become one.
export function runsOf(marks) {
  const count = marks.length;
  const wanted = new Uint8Array(count);
  for (let k = 0; k < count; k += 1) {
    if (marks[k]) wanted[k] = wanted[(k + 1) % count] = wanted[(k + count - 1) % count] = 1;
  }
  // Two stretches side by side are one; a single vertex between two would be in neither.
  const first = wanted.findIndex((mark, k) => mark && !wanted[(k + count - 1) % count]);
  if (first < 0) return wanted[0] ? [{ start: 0, length: count, closed: true }] : [];
  const runs = [];
  for (let k = 0; k < count; ) {
    const at = (first + k) % count;
    if (!wanted[at]) {
      k += 1;
      continue;
    }
    let length = 0;
    while (k + length < count && wanted[(at + length) % count]) length += 1;
    runs.push({ start: at, length, closed: false });
    k += length;
  }
  return runs;
}
