// Drawing one line or polygon with Geoman: Enter or a double click ends it, Backspace takes a point back.
const L = window.L;

export class Drawing {
  constructor(map, { colour, snapPixels }) {
    Object.assign(this, { map, colour, snapPixels, kind: "", drawn: null });
    map.pm.setGlobalOptions({ snapDistance: 15, continueDrawing: false, allowSelfIntersection: true });
    map.on("pm:create", ({ shape, layer }) => this.created(shape, layer));
  }

  // kind "Polygon" or "Line"; drawn(geometry) is given GeoJSON.
  start(kind, drawn) {
    this.stop();
    this.kind = kind;
    this.drawn = drawn;
    const stroke = { color: this.colour, weight: 2.5 };
    this.map.pm.enableDraw(kind, {
      snappable: true, snapDistance: this.snapPixels(), tooltips: false, cursorMarker: true, finishOn: "dblclick",
      templineStyle: stroke, hintlineStyle: { ...stroke, dashArray: "4 4" }, pathOptions: { ...stroke, fillOpacity: 0.1 },
    });
  }

  stop() {
    if (this.map.pm.globalDrawModeEnabled()) this.map.pm.disableDraw();
    this.kind = "";
    this.drawn = null;
  }

  finish() {
    if (this.kind) this.map.pm.Draw[this.kind]._finishShape();
  }

  back() {
    if (this.kind) this.map.pm.Draw[this.kind]._removeLastVertex();
  }

  created(shape, layer) {
    const given = layer.getLatLngs();
    layer.remove();
    const points = (shape === "Polygon" ? given[0] : given).map(({ lat, lng }) => [lng, lat]);
    const kept = points.filter((point, n) => n === 0 || point.join() !== points[n - 1].join());
    const tell = this.drawn;
    if (!tell) return;
    if (shape === "Polygon") tell({ type: "Polygon", coordinates: [[...kept, kept[0]]] });
    else tell({ type: "LineString", coordinates: kept });
  }
}
