// Two wrote one feature: both are shown beside what they started from, and the reader chooses field by field.
import { element, m2 } from "./figures.js";
import { partsOf, roughArea } from "./geometry.js";

const shown = (value, texts) => {
  if (value === null || value === undefined || value === "") return texts.empty;
  if (typeof value === "boolean") return value ? texts.yes : texts.no;
  return Array.isArray(value) ? value.join("、") : String(value);
};
const same = (a, b) => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);

// Resolves with { geometry, attributes } as chosen, or null when the dialog is left.
export function chooseBetween(dialog, { config, sentence, base, mine, theirs, look, theirLabel }) {
  const { texts } = config;
  const rows = [];
  const choices = {};
  for (const attribute of config.layer.attributes) {
    const key = attribute.name;
    if (same(mine.attributes[key], theirs?.attributes[key])) continue;
    // What only one of the two changed is theirs to keep.
    choices[key] = same(mine.attributes[key], base?.attributes[key]) ? "theirs" : "mine";
    rows.push(row(key, attribute.label, [base?.attributes[key], mine.attributes[key], theirs?.attributes[key]].map((value) => labelled(attribute, value, texts)), choices[key]));
  }
  const drawnApart = !same(mine.geometry, theirs?.geometry);
  if (drawnApart) {
    choices.geometry = same(mine.geometry, base?.geometry) ? "theirs" : "mine";
    const areas = [base, mine, theirs].map((side) => (side?.geometry ? m2(roughArea(partsOf(side.geometry))) : texts.empty));
    rows.push(row("geometry", texts.shape, areas, choices.geometry));
  }

  function row(key, label, values, chosen) {
    const cells = values.map((value, n) => {
      if (n === 0) return element("td", { class: "quiet", text: value });
      const side = n === 1 ? "mine" : "theirs";
      const radio = element("input", { type: "radio", name: `merge-${key}`, value: side, checked: side === chosen });
      radio.addEventListener("change", () => {
        choices[key] = side;
        if (key === "geometry") look(side === "mine" ? mine.geometry : theirs?.geometry, side);
      });
      return element("td", {}, element("label", {}, radio, value));
    });
    return element("tr", {}, element("th", { scope: "row", text: label }), ...cells);
  }

  dialog.querySelector("[data-merge-sentence]").textContent = sentence;
  dialog.querySelector("[data-merge-theirs]").textContent = theirLabel;
  dialog.querySelector("[data-merge-rows]").replaceChildren(...rows);
  dialog.querySelector("[data-merge-none]").hidden = rows.length > 0;
  look(mine.geometry, "mine");
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      look(null, "");
      if (dialog.returnValue !== "apply") {
        resolve(null);
        return;
      }
      const attributes = {};
      for (const { name } of config.layer.attributes) {
        attributes[name] = (choices[name] === "theirs" ? theirs : mine).attributes[name] ?? null;
        if (choices[name] === undefined) attributes[name] = mine.attributes[name] ?? null;
      }
      resolve({ geometry: (choices.geometry === "theirs" ? theirs : mine).geometry, attributes });
    }, { once: true });
  });
}

function labelled(attribute, value, texts) {
  const choice = attribute.choices.find(([key]) => key === value);
  return choice ? choice[1] : shown(value, texts);
}
