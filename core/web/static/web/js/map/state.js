// The view lives in the address: where, which layers, colours, date, selection.
// What equals the default is left out, so that a plain link stays plain.
const CODE = /^[a-z]+:[A-Za-z0-9-]{1,40}$/;

export function readState(config, search = location.search) {
  const asked = new URLSearchParams(search);
  const number = (key) => {
    const value = Number.parseFloat(asked.get(key));
    return Number.isFinite(value) ? value : null;
  };
  const known = config.layers.map((layer) => layer.name);
  const shown = asked.get("layers");
  const within = asked.get("within") ?? "";
  const select = asked.get("select") ?? "";
  const base = asked.get("base") ?? "";
  return {
    lat: number("lat"),
    lon: number("lon"),
    z: number("z"),
    layers:
      shown === null
        ? config.layers.filter((layer) => layer.visible).map((layer) => layer.name)
        : shown.split(",").filter((name) => known.includes(name)),
    by: asked.get("by") ?? "",
    year: asked.get("year") ?? "",
    on: /^\d{4}-\d\d-\d\d$/.test(asked.get("on") ?? "") ? asked.get("on") : config.today,
    select: CODE.test(select) ? select : "",
    within: CODE.test(within) ? within : "",
    base: base in config.basemaps ? base : "",
  };
}

export function addressOf(config, state) {
  const asked = new URLSearchParams();
  if (state.lat !== null) {
    asked.set("lat", state.lat.toFixed(5));
    asked.set("lon", state.lon.toFixed(5));
    asked.set("z", state.z);
  }
  const usual = config.layers.filter((layer) => layer.visible).map((layer) => layer.name);
  const same = usual.length === state.layers.length && usual.every((name) => state.layers.includes(name));
  if (!same) asked.set("layers", state.layers.join(","));
  for (const key of ["by", "year", "within", "select", "base"]) if (state[key]) asked.set(key, state[key]);
  if (state.on !== config.today) asked.set("on", state.on);
  const text = asked.toString().replaceAll("%3A", ":").replaceAll("%2C", ",");
  return text ? `${config.urls.map}?${text}` : config.urls.map;
}
