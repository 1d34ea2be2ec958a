// The draft as data: where a field lies, what a new part begins as, and the snapshots undo goes back to.
const MOST_SNAPSHOTS = 100;

export const copy = (value) => JSON.parse(JSON.stringify(value));
export const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

export function at(data, path) {
  return path.split(".").reduce((inner, key) => inner[key], data);
}

export function put(data, path, value) {
  const keys = path.split(".");
  const last = keys.pop();
  keys.reduce((inner, key) => inner[key], data)[last] = value;
}

// How a part begins: complete enough to be kept once its name and base are typed.
export function fresh(list, figures, data) {
  if (list === "requires") return ["tax_cny"];
  if (list === "indicators") {
    return {
      name: "", numerator: "tax_cny", denominator: "land_mu", ...quotient(figures, "tax_cny", "land_mu"), weight: "",
      direction: "more", base_kind: "cohort", base: null, cap: null, missing: "zero",
    };
  }
  const model = data.cohorts.at(-1);
  return model
    ? { ...copy(model), name: "" }
    : {
        name: "", above_scale: null, sizes: [], industries: [], not_industries: [], least_land_mu: null,
        least_age_years: null, land_basis: "actual", indicators: [],
        cuts: [{ grade: "A", up_to_percent: "25" }, { grade: "B", up_to_percent: "70" }, { grade: "C", up_to_percent: "95" }, { grade: "D", up_to_percent: "100" }],
      };
}

// The unit and factor a quotient of two figures is usually shown in: 万元/亩, 10,000.
export function quotient(figures, numerator, denominator) {
  const above = figures[numerator];
  const below = denominator === "land_mu" ? { unit: "亩", scale: 1 } : figures[denominator];
  // The shortest text of the factor, never 1e-7.
  const scale = String(Number((above.scale / below.scale).toFixed(6)));
  return { unit: `${above.unit}/${below.unit}`, scale };
}

// Hundredths, so that 33.33 + 33.33 + 33.34 is 100 and not nearly.
export function weightSum(indicators) {
  return indicators.reduce((sum, indicator) => sum + (Math.round(Number(indicator.weight) * 100) || 0), 0) / 100;
}

export class Snapshots {
  constructor(data) {
    this.states = [copy(data)];
    this.here = 0;
  }

  // `joined` steps of one field become one, so that undo takes back a word and not a letter.
  add(data, joined) {
    if (same(data, this.states[this.here])) return;
    this.states.length = this.here + 1;
    if (joined && this.joined === joined) this.states[this.here] = copy(data);
    else this.states.push(copy(data));
    this.joined = joined;
    if (this.states.length > MOST_SNAPSHOTS) this.states.shift();
    this.here = this.states.length - 1;
  }

  get canUndo() { return this.here > 0; }

  get canRedo() { return this.here < this.states.length - 1; }

  move(by) {
    this.joined = null;
    this.here += by;
    return copy(this.states[this.here]);
  }
}
