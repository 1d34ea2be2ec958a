// The form of an agreement: rows are added, and what is written is saved as JSON, so that nothing typed is lost.

const form = document.querySelector("[data-agreement-form]");
const rows = form.querySelector("[data-rows]");
const refusal = document.querySelector("[data-refusal]");
const TERMS = [
  "number", "plot", "uscc", "area_m2", "signed_on", "start_by", "completion_by", "production_by", "penalty_terms", "note",
];

function addRow() {
  const last = rows.lastElementChild;
  const row = last.cloneNode(true);
  const number = rows.children.length;
  for (const part of row.querySelectorAll("[id]")) part.id = part.id.replace(/_\d+$/, `_${number}`);
  for (const label of row.querySelectorAll("label")) label.htmlFor = label.htmlFor.replace(/_\d+$/, `_${number}`);
  for (const input of row.querySelectorAll("input")) input.value = "";
  for (const fault of row.querySelectorAll(".field-error")) fault.remove();
  rows.append(row);
  row.querySelector("select").focus();
}

function indicatorRows() {
  return [...rows.children]
    .map((row) => ({
      row,
      promise: row.querySelector("[name=promise]").value,
      year: row.querySelector("[name=year]").value.trim(),
      at_least: row.querySelector("[name=at_least]").value.trim(),
    }))
    .filter((entry) => entry.year || entry.at_least);
}

function body(entries) {
  const terms = {};
  for (const name of TERMS) terms[name] = form.elements[name].value;
  const indicators = entries.map(({ promise, year, at_least }) => ({ promise, year, at_least }));
  return { revision: form.elements.revision.value, terms, indicators };
}

function say(sentence) {
  const said = document.createElement("p");
  said.className = "notice";
  said.dataset.state = "unmet";
  said.textContent = sentence;
  refusal.replaceChildren(said);
  refusal.hidden = false;
  refusal.scrollIntoView({ block: "nearest" });
}

function fieldOf(name, entries) {
  const [list, number, column] = name.split(".");
  if (list !== "indicators" || column === undefined) return form.elements[name];
  return entries[Number(number)]?.row.querySelector(`[name=${column}]`);
}

function mark(faults, entries) {
  for (const fault of form.querySelectorAll(".field-error")) fault.remove();
  for (const [name, sentences] of Object.entries(faults)) {
    const field = fieldOf(name, entries);
    if (!field) continue;
    const fault = document.createElement("p");
    fault.className = "field-error";
    fault.textContent = sentences.join(" ");
    field.after(fault);
    field.setAttribute("aria-invalid", "true");
  }
  fieldOf(Object.keys(faults)[0] ?? "", entries)?.focus();
}

async function save(event) {
  event.preventDefault();
  const entries = indicatorRows();
  const button = form.querySelector("button[type=submit]");
  button.disabled = true;
  for (const field of form.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
  try {
    const answer = await fetch(form.dataset.json, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": form.elements.csrfmiddlewaretoken.value },
      body: JSON.stringify(body(entries)),
    });
    const found = await answer.json();
    if (answer.ok) {
      window.location.assign(found.url);
      return;
    }
    say(found.sentence);
    mark(found.faults ?? {}, entries);
  } catch {
    say(form.dataset.failed);
  }
  button.disabled = false;
}

const add = form.querySelector("[data-add-row]");
add.hidden = false;
add.addEventListener("click", addRow);
form.addEventListener("submit", save);
form.dataset.ready = "";
