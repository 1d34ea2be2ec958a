// What is selected (a halo) and what the map is limited to (everything else faded).
const L = window.L;
const WORLD = [[-85, -180], [-85, 180], [85, 180], [85, -180]];

export class Selection {
  constructor(map) {
    this.map = map;
    map.createPane("mask").style.zIndex = 350;
    map.createPane("selection").style.zIndex = 450;
    for (const name of ["mask", "selection"]) map.getPane(name).style.pointerEvents = "none";
    this.halo = L.layerGroup().addTo(map);
    this.mask = L.layerGroup().addTo(map);
  }

  show(shape, accent) {
    this.halo.clearLayers();
    if (!shape) return null;
    const draw = (color, weight, fillOpacity) =>
      L.geoJSON(shape, { pane: "selection", interactive: false, style: { color, weight, fillColor: accent, fillOpacity } });
    const edge = draw("#fff", 6, 0);
    this.halo.addLayer(edge).addLayer(draw(accent, 3, 0.08));
    return edge.getBounds();
  }

  limit(shape) {
    this.mask.clearLayers();
    if (!shape) return null;
    const polygons = shape.type === "Polygon" ? [shape.coordinates] : shape.coordinates;
    const holes = polygons.map((rings) => rings[0].map(([lon, lat]) => [lat, lon]));
    L.polygon([WORLD, ...holes], {
      pane: "mask", interactive: false, stroke: false, fillColor: "#f4f5f6", fillOpacity: 0.72,
    }).addTo(this.mask);
    return L.latLngBounds(holes.flat());
  }
}
