// How each layer is drawn. Colours come from the design tokens, so the high-contrast theme reaches the map.
const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export function colours() {
  return {
    redline: token("--map-redline"),
    zone: token("--map-zone"),
    control: token("--map-control"),
    plot: token("--map-plot"),
    district: token("--map-district"),
    border: token("--line-strong"),
    accent: token("--accent"),
  };
}

// The colour of a value under a legend answered by the server.
export function colourOf(legend, value) {
  if (value === undefined || value === null) return legend.no_data;
  if (legend.kind === "class") {
    return legend.classes.find((item) => item.value === value)?.colour ?? legend.no_data;
  }
  const place = legend.breaks.filter((limit) => value >= limit).length;
  return legend.classes[place]?.colour ?? legend.no_data;
}

const none = { stroke: false, fill: false };

// With a basemap beneath ("vec", "img"), districts are outlines alone: their ground would cover it.
export function styles(palette, legend, basemap = "") {
  const quietFill = legend ? 0 : 1;
  return {
    districts: () => ({
      color: basemap === "vec" ? palette.plot : palette.border, weight: basemap ? 1.5 : 1, opacity: 1, fill: !basemap,
      fillColor: palette.district, fillOpacity: 1,
    }),
    zones: (properties, zoom) => ({
      color: palette.zone, weight: zoom < 11 ? 1 : 1.5, opacity: 1, dashArray: zoom < 11 ? "3 2" : "6 4",
      fill: Boolean(quietFill), fillColor: palette.zone, fillOpacity: 0.04,
    }),
    redline: (properties, zoom) => ({
      color: palette.redline, weight: zoom < 11 ? 0.75 : 1.5, opacity: 1,
      fill: Boolean(quietFill), fillColor: palette.redline, fillOpacity: 0.06,
    }),
    // What others drew and industry keeps clear of: quieter than anything edited here.
    controls: (properties, zoom) => ({
      color: palette.control, weight: zoom < 11 ? 0.75 : 1, opacity: 0.9, dashArray: "2 3",
      fill: Boolean(quietFill), fillColor: palette.control, fillOpacity: 0.08,
    }),
    plots: (properties, zoom) => {
      if (properties.count !== undefined) return cell(palette, legend, properties, zoom);
      const weight = zoom >= 15 ? 1 : 0.5;
      if (!legend) {
        return { color: palette.plot, weight, opacity: 0.9, fill: true, fillColor: palette.plot, fillOpacity: 0.06 };
      }
      return {
        color: palette.plot, weight: weight / 2, opacity: 0.7,
        fill: true, fillColor: colourOf(legend, properties.value), fillOpacity: 0.85,
      };
    },
  };
}

const WORLD_M = 40075016.68557849;
const CELLS = 128;

// An aggregated cell: grey by how much of it plots cover, or the colour of its mean.
function cell(palette, legend, properties, zoom) {
  const side = WORLD_M / 2 ** (zoom - 1) / CELLS;
  // Web Mercator widens lengths by 1.086 at Foshan; the cell's own area is that much smaller squared.
  const cover = Math.min(1, properties.area_m2 / (side * side * 0.85));
  if (!legend) {
    return { stroke: false, fill: true, fillColor: palette.plot, fillOpacity: 0.08 + 0.3 * cover };
  }
  return cover === 0
    ? none
    : { stroke: false, fill: true, fillColor: colourOf(legend, properties.value), fillOpacity: 0.45 + 0.5 * cover };
}
