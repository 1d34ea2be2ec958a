// Names of districts and zones, in grey, never in the way of the pointer.
const L = window.L;
const RANGE = { districts: [8, 13], zones: [12, 17] };

export class Labels {
  constructor(map) {
    this.map = map;
    map.createPane("names").style.zIndex = 420;
    map.getPane("names").style.pointerEvents = "none";
    this.written = [];
    map.on("zoomend", () => this.arrange());
  }

  async load(url, on) {
    const response = await fetch(`${url}?on=${on}`, { headers: { Accept: "application/json" } });
    if (!response.ok) throw new Error(`labels answered ${response.status}`);
    for (const { marker } of this.written) marker.remove();
    const { labels } = await response.json();
    this.written = labels.map((item) => {
      const text = document.createElement("span");
      text.textContent = item.label;
      const icon = L.divIcon({ className: `map-name map-name-${item.layer}`, html: text, iconSize: [0, 0] });
      return { ...item, marker: L.marker([item.lat, item.lon], { icon, pane: "names", interactive: false, keyboard: false }) };
    });
    this.arrange();
    return labels;
  }

  arrange(visible = this.visible ?? []) {
    this.visible = visible;
    const zoom = this.map.getZoom();
    for (const { layer, marker } of this.written) {
      const [least, most] = RANGE[layer] ?? [0, 22];
      if (visible.includes(layer) && zoom >= least && zoom <= most) marker.addTo(this.map);
      else marker.remove();
    }
  }
}
