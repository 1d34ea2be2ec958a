// Tianditu beneath everything, only when the city has a key.
const L = window.L;

export function initBasemap(map, address) {
  const toggle = document.querySelector("[data-basemap-toggle]");
  if (!toggle) return;
  const sheets = ["vec", "cva"].map((kind, index) =>
    L.tileLayer(`${address}${kind}/{z}/{x}/{y}`, { maxNativeZoom: 18, maxZoom: 19, zIndex: 1 + index }),
  );
  toggle.addEventListener("change", () => {
    map.getContainer().classList.toggle("has-basemap", toggle.checked);
    for (const sheet of sheets) {
      if (toggle.checked) sheet.addTo(map);
      else sheet.remove();
    }
  });
}
