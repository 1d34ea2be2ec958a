// What lies under the pointer, in a few words beside it.
const L = window.L;
const EVERY_MS = 30;

// `layers()` are the names to pick from, `legend()` the theme shown or null, `busy()` whether a tool has the pointer.
export function initHover(map, tiles, { texts, themed, layers, legend, busy }) {
  const tip = L.tooltip({ className: "map-tip", direction: "top", offset: [0, -8], opacity: 1 });
  let last = 0;

  function valueText({ label, kind, classes, digits, unit }, value) {
    if (value === undefined || value === null) return `${label} ${texts.noData}`;
    if (kind === "class") return classes.find((item) => item.value === value)?.label ?? texts.noData;
    const figure = value.toLocaleString("zh-CN", { minimumFractionDigits: digits, maximumFractionDigits: digits });
    return `${label} ${figure} ${unit}`;
  }

  function cellText({ count, area_m2 }) {
    const area = ((area_m2 * 3) / 2000).toLocaleString("zh-CN", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
    return texts.gridHint.replace("{n}", count.toLocaleString("zh-CN")).replace("{area}", area);
  }

  function linesOf({ layer, properties }) {
    const theme = legend();
    if (properties.count !== undefined) {
      return [cellText(properties), ...(theme ? [valueText(theme, properties.value)] : [])];
    }
    const lines = [properties.label || properties.code];
    if (layer === themed?.name) {
      if (properties.label) lines.push(properties.code);
      if (theme) lines.push(valueText(theme, properties.value));
    }
    return lines;
  }

  map.on("mousemove", (event) => {
    const now = performance.now();
    if (now - last < EVERY_MS || busy()) return;
    last = now;
    const hit = tiles.pick(event.latlng, layers());
    map.getContainer().classList.toggle("is-over", Boolean(hit));
    if (!hit) {
      tip.remove();
      return;
    }
    const holder = document.createElement("div");
    for (const text of linesOf(hit)) {
      const line = document.createElement("div");
      line.textContent = text;
      holder.append(line);
    }
    tip.setContent(holder).setLatLng(event.latlng);
    if (!map.hasLayer(tip)) tip.addTo(map);
  });
  map.on("mouseout movestart", () => tip.remove());
}
