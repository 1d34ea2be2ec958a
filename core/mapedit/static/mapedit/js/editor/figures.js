// Areas as people read them: m² and 亩 to two decimals, grouped by thousands.
const two = new Intl.NumberFormat("zh-CN", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const whole = new Intl.NumberFormat("zh-CN");
const THIN = "\u2009";

export const count = (n) => whole.format(n);
export const m2 = (area) => `${two.format(area)}${THIN}m²`;
export const mu = (area) => `${two.format((area * 3) / 2000)}${THIN}亩`;
export const km2 = (area) => `${two.format(area / 1e6)}${THIN}km²`;

export function signed(text, value) {
  if (value > 0) return `+${text}`;
  return value < 0 ? `−${text.replace(/^[-−]/, "")}` : text;
}

// An amount in the unit a consequence or finding is in; areas read best in 亩.
export function amount(value, unit) {
  if (unit === "m²") return mu(value);
  if (Number.isInteger(value)) return `${whole.format(value)}${unit ? THIN + unit : ""}`;
  return unit ? `${two.format(value)}${THIN}${unit}` : two.format(value);
}

export function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole_, key) => (key in values ? values[key] : whole_));
}

export function element(tag, { class: className, text, ...attributes } = {}, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}
