// The lists of the panel: what was found, what it does to the figures, what was changed.
import { amount, count, element, fill, m2, mu, signed } from "./figures.js";

export function drawFindings(holder, findings, { texts, go, repair, open }) {
  holder.replaceChildren(...findings.map((finding, n) => {
    const item = element("li", { class: "finding", "data-severity": finding.severity, "data-rule": finding.rule, tabindex: "-1" });
    const head = element("p", { class: "finding-message" }, element("span", { class: "finding-number", text: String(n + 1) }), finding.message);
    item.append(head);
    if (finding.source) {
      const source = finding.source.url
        ? element("a", { href: finding.source.url, text: `§ ${finding.source.label}` })
        : element("span", { text: `§ ${finding.source.label}` });
      item.append(element("p", { class: "finding-source" }, element("span", { class: "visually-hidden", text: texts[finding.severity] }), source));
    }
    const acts = element("p", { class: "finding-acts" });
    if (finding.lon !== null) acts.append(act(texts.locate, () => go(finding)));
    if (finding.feature) acts.append(act(fill(texts.openFeature, { code: finding.feature }), () => open(finding.feature)));
    for (const name of finding.repairs) acts.append(act(texts.repairs[name] ?? name, () => repair(finding, name)));
    item.append(acts);
    return item;
  }));
}

function act(text, run) {
  const button = element("button", { type: "button", class: "link-btn", text });
  button.addEventListener("click", run);
  return button;
}

// How many features a set holds stands at the head of the strip already.
const figures = (consequences) => consequences.filter((item) => item.key !== "features");

export function drawConsequences(holder, consequences, { texts, names }) {
  holder.replaceChildren(...figures(consequences).map((item) => {
    const label = named(item, names);
    const value = element("dd", { class: "num" }, change(item));
    if (item.met !== null) value.append(mark(item.met, texts));
    if (item.required !== null) {
      value.append(element("small", { text: fill(texts.bound, { required: amount(item.required, item.unit) }) }));
    }
    return element("div", {}, element("dt", { text: label }), value);
  }));
}

function named(item, names) {
  const place = names.get(item.place) ?? "";
  return place && !item.label.includes(place) ? `${place} ${item.label}` : item.label;
}

export function change(item) {
  const now = amount(item.now, item.unit);
  const after = amount(item.after, item.unit);
  return now === after && item.difference === 0 ? after : `${now} → ${after}`;
}

export function mark(met, texts) {
  return element("span", { class: "verdict-mark", "data-met": String(met), text: met ? `✓ ${texts.met}` : `✕ ${texts.unmet}` });
}

export function drawChanges(holder, changes, { texts, open, selected, merging }) {
  holder.replaceChildren(...changes.map((change_) => {
    const row = element("tr", { "data-code": change_.feature, "aria-selected": String(change_.feature === selected) });
    const name = element("button", { type: "button", class: "link-btn", text: change_.name });
    name.addEventListener("click", () => open(change_.feature));
    const first = element("td", {}, name, element("small", { text: change_.feature }));
    if (change_.stale) first.append(element("small", { class: "is-stale", text: texts.stale }));
    const difference = (change_.areaM2 ?? 0) - (change_.baseAreaM2 ?? 0);
    row.append(first, element("td", { text: texts.actions[change_.action] }), element("td", { class: "n", text: signed(mu(difference), difference), title: signed(m2(difference), difference) }));
    row.classList.toggle("is-picked", merging.has(change_.feature));
    return row;
  }));
  if (!changes.length) {
    holder.replaceChildren(element("tr", {}, element("td", { colspan: 3, class: "quiet", text: texts.noChanges })));
  }
}

// The strip: the figures that move or fail, at most `most`.
export function drawStrip(holder, { total, consequences, texts, names, most = 4 }) {
  const first = element("div", {}, element("dt", { text: texts.thisSet }), element("dd", { text: fill(texts.changed, { n: count(total) }) }));
  const telling = figures(consequences).sort((a, b) => rank(b) - rank(a)).slice(0, most);
  holder.replaceChildren(first, ...telling.map((item) => {
    const label = named(item, names);
    const value = element("dd", { class: "num" }, change(item));
    if (item.difference) value.append(element("span", { class: "strip-difference", text: `（${signed(amount(item.difference, item.unit), item.difference)}）`, title: item.unit === "m²" ? signed(m2(item.difference), item.difference) : "" }));
    if (item.required !== null && item.unit === "m²") {
      const surplus = item.after - item.required;
      value.append(element("span", { class: "strip-surplus", title: signed(m2(surplus), surplus), text: fill(surplus < 0 ? texts.short : texts.surplus, { area: mu(Math.abs(surplus)) }) }));
    }
    if (item.met !== null) value.append(mark(item.met, texts));
    return element("div", {}, element("dt", { text: label }), value);
  }));
}

function rank(item) {
  return (item.met === false ? 4 : 0) + (item.difference ? 2 : 0) + (item.required === null ? 0 : 1);
}
