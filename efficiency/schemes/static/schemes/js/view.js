// Draws the draft from templates and reads a field back into it.
import { at, put, weightSum } from "./draft.js";

const KINDS = {
  flag: { show: (input, value) => { input.checked = Boolean(value); }, read: (input) => input.checked },
  tristate: {
    show: (input, value) => { input.value = value === null ? "" : String(value); },
    read: (input) => (input.value === "" ? null : input.value === "true"),
  },
  codes: {
    show: (input, value) => { input.value = value.join(" "); },
    read: (input) => input.value.split(/[\s,，、;；]+/).filter(Boolean),
  },
  several: {
    show: (input, value) => { input.checked = value.includes(input.value); },
    read: (input, before) => {
      const others = before.filter((one) => one !== input.value);
      return input.checked ? [...others, input.value] : others;
    },
  },
  text: { show: (input, value) => { input.value = value ?? ""; }, read: (input) => input.value },
};

const kind = (input) => KINDS[input.dataset.kind || "text"];
const template = (name) => document.querySelector(`[data-template="${name}"]`).content.firstElementChild;

export function draw(root, data) {
  for (const input of root.querySelectorAll("[data-path]")) kind(input).show(input, at(data, input.dataset.path));
  fill(root.querySelector('[data-list="requires"]'), "requires", data, drawRequirement);
  fill(root.querySelector('[data-list="cohorts"]'), "cohorts", data, drawCohort);
  drawSums(root, data);
}

function fill(list, path, data, drawItem) {
  const name = list.dataset.list;
  list.dataset.at = path;
  const items = list.querySelector("[data-items]");
  items.replaceChildren(
    ...at(data, path).map((_item, index) => {
      const node = template(name).cloneNode(true);
      node.dataset.at = `${path}.${index}`;
      drawItem(node, data);
      return node;
    }),
  );
  const nodes = [...items.children];
  nodes.forEach((node, index) => {
    const [up, down] = [node.querySelector("[data-up]"), node.querySelector("[data-down]")];
    if (up) up.disabled = index === 0;
    if (down) down.disabled = index === nodes.length - 1;
  });
}

function drawRequirement(node, data) {
  const alternatives = at(data, node.dataset.at);
  // One more than there are, so that another alternative has a place.
  for (let count = 2; count <= alternatives.length; count += 1) {
    const [or, last] = [node.querySelector("span"), [...node.querySelectorAll("[data-either]")].at(-1)];
    const more = last.cloneNode(true);
    more.dataset.either = count;
    last.after(or.cloneNode(true), more);
  }
  for (const select of node.querySelectorAll("[data-either]")) select.value = alternatives[select.dataset.either] ?? "";
}

function drawFields(node, data) {
  const item = at(data, node.dataset.at);
  for (const input of node.querySelectorAll("[data-field]")) {
    if (input.closest("[data-item]") !== node) continue;
    kind(input).show(input, item[input.dataset.field]);
  }
}

function drawCohort(node, data) {
  drawFields(node, data);
  const cohort = at(data, node.dataset.at);
  node.setAttribute("aria-label", cohort.name);
  for (const input of node.querySelectorAll("[data-cut]")) {
    input.value = cohort.cuts.find((cut) => cut.grade === input.dataset.cut)?.up_to_percent ?? "";
  }
  fill(node.querySelector('[data-list="indicators"]'), `${node.dataset.at}.indicators`, data, drawIndicator);
}

export function drawIndicator(node, data) {
  drawFields(node, data);
  const indicator = at(data, node.dataset.at);
  node.setAttribute("aria-label", indicator.name);
  node.querySelector('[data-field="base"]').disabled = indicator.base_kind !== "fixed";
}

export function drawSums(root, data) {
  for (const node of root.querySelectorAll(".cohort")) {
    const cohort = at(data, node.dataset.at);
    const sum = weightSum(cohort.indicators);
    const line = node.querySelector("[data-sum]");
    const right = sum === 100;
    const text = right ? line.dataset.right : line.dataset.wrong.replace("{name}", cohort.name).replace("{sum}", sum.toFixed(2));
    if (line.textContent !== text) line.textContent = text;
    line.dataset.state = right ? "met" : "unmet";
  }
}

// Takes what a control says into the draft; answers the path, or null for a control of something else.
export function take(input, data) {
  if (input.dataset.path) {
    put(data, input.dataset.path, kind(input).read(input));
    return input.dataset.path;
  }
  const item = input.closest("[data-item]");
  if (!item) return null;
  const path = item.dataset.at;
  if (input.dataset.field) {
    const field = `${path}.${input.dataset.field}`;
    put(data, field, kind(input).read(input, at(data, field)));
    return field;
  }
  if (input.dataset.either) {
    put(data, path, [...item.querySelectorAll("[data-either]")].map((select) => select.value).filter(Boolean));
    return path;
  }
  if (input.dataset.cut) {
    const inputs = [...item.querySelectorAll("[data-cut]")].filter((cut) => cut.value.trim());
    put(data, `${path}.cuts`, inputs.map((cut) => ({ grade: cut.dataset.cut, up_to_percent: cut.value })));
    return `${path}.cuts`;
  }
  return null;
}

// The control a fault is about, or the part it lies in.
export function place(root, path) {
  const direct = root.querySelector(`[data-path="${path}"]`);
  if (direct) return direct;
  const keys = path.split(".");
  const field = keys.pop();
  const parent = root.querySelector(`[data-at="${keys.join(".")}"]`);
  if (field === "cuts" || keys.at(-1) === "cuts") {
    return root.querySelector(`[data-at="${(field === "cuts" ? keys : keys.slice(0, -1)).join(".")}"] [data-cuts]`);
  }
  if (keys.includes("cuts")) return root.querySelector(`[data-at="${keys.slice(0, keys.indexOf("cuts")).join(".")}"] [data-cuts]`);
  if (field === "indicators") return parent?.querySelector("[data-sum]");
  return parent?.querySelector(`[data-field="${field}"]`) ?? root.querySelector(`[data-at="${path}"]`) ?? null;
}

export function showFaults(root, faults) {
  for (const old of root.querySelectorAll("[data-fault]")) old.remove();
  for (const input of root.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
  for (const fault of faults) {
    const found = place(root, fault.path);
    if (!found || found.matches("[data-sum]")) continue;
    if (found.matches("input, select")) found.setAttribute("aria-invalid", "true");
    const line = template("fault").cloneNode(true);
    line.querySelector("span").textContent = fault.sentence;
    (found.closest("label, .field") ?? found).append(line);
  }
}
