// Tianditu beneath everything, only when the city has a key: a ground and the names on it.
const L = window.L;
const SHEETS = { vec: ["vec", "cva"], img: ["img", "cia"] };

export class Basemap {
  constructor(map, config) {
    this.map = map;
    this.sheets = new Map(
      Object.entries(SHEETS).map(([ground, kinds]) => [
        ground,
        kinds.map((kind, index) =>
          L.tileLayer(`${config.urls.basemap}${kind}/{z}/{x}/{y}`, {
            maxNativeZoom: 18, maxZoom: 19, zIndex: 1 + index, attribution: config.texts.basemapSource,
          }),
        ),
      ]),
    );
    this.source = L.control.attribution({ prefix: false, position: "bottomright" });
  }

  // Shows `ground` ("vec", "img") and nothing for "".
  show(ground) {
    this.source.remove();
    for (const [name, sheets] of this.sheets) {
      for (const sheet of sheets) {
        if (name === ground) sheet.addTo(this.map);
        else sheet.remove();
      }
    }
    if (ground) this.source.addTo(this.map);
  }
}
