// The list of cases: choosing rows for one act, going through them by keyboard, columns as each reader likes them.
import { remember, remembered } from "../../web/js/storage.js";

const table = document.querySelector("[data-list]");

function initBulk(bar) {
  const picks = [...table.querySelectorAll("[data-pick]")];
  const all = table.querySelector("[data-pick-all]");
  const count = bar.querySelector("[data-bulk-count]");
  const idle = count.textContent;
  const most = Number(bar.dataset.most);
  let last = null;

  function show() {
    const chosen = picks.filter((pick) => pick.checked).length;
    bar.toggleAttribute("data-idle", chosen === 0);
    count.textContent = chosen === 0 ? idle : bar.dataset.count.replace("{n}", chosen);
    if (chosen > most) count.textContent += `，${bar.dataset.many}`;
    for (const button of bar.querySelectorAll("button")) button.disabled = chosen > most;
    all.checked = chosen > 0 && chosen === picks.length;
    all.indeterminate = chosen > 0 && chosen < picks.length;
  }

  all.addEventListener("change", () => {
    for (const pick of picks) pick.checked = all.checked;
    show();
  });
  table.addEventListener("click", (event) => {
    const pick = event.target.closest("[data-pick]");
    if (!pick) return;
    const [from, to] = [picks.indexOf(last), picks.indexOf(pick)];
    if (event.shiftKey && from >= 0) {
      for (const between of picks.slice(Math.min(from, to), Math.max(from, to))) between.checked = pick.checked;
    }
    last = pick;
    show();
  });
  table.addEventListener("change", show);
  show();
}

function initKeys() {
  let here = -1;
  const rows = [...table.tBodies[0].rows];

  function go(index) {
    if (index < 0 || index >= rows.length) return;
    rows[here]?.removeAttribute("data-here");
    here = index;
    rows[here].setAttribute("data-here", "");
    rows[here].querySelector("th a").focus({ preventScroll: true });
    rows[here].scrollIntoView({ block: "nearest" });
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea, dialog")) return;
    if (event.key === "j") go(here + 1);
    else if (event.key === "k") go(Math.max(here - 1, 0));
    else if (event.key === "x" && here >= 0) rows[here].querySelector("[data-pick]")?.click();
  });
}

function initColumns(box) {
  const key = `columns.${box.dataset.columns}`;
  const hidden = new Set((remembered(key) || "").split(",").filter(Boolean));
  const heads = [...table.tHead.rows[0].cells].filter((cell) => cell.dataset.col);

  function show() {
    for (const head of heads) {
      const off = hidden.has(head.dataset.col);
      for (const row of table.rows) row.cells[head.cellIndex].hidden = off;
    }
  }

  for (const head of heads) {
    const label = document.createElement("label");
    const box_ = document.createElement("input");
    box_.type = "checkbox";
    box_.checked = !hidden.has(head.dataset.col);
    box_.addEventListener("change", () => {
      if (box_.checked) hidden.delete(head.dataset.col);
      else hidden.add(head.dataset.col);
      remember(key, [...hidden].join(","));
      show();
    });
    label.append(box_, head.textContent);
    box.append(label);
  }
  document.querySelector("[data-columns-open]").hidden = false;
  show();
}

// On a phone the filters are folded away, unless one of them is in use.
const fold = document.querySelector("[data-filter-fold]");
if (fold) {
  const form = fold.form;
  const used = [...form.querySelectorAll(".filter-more :is(select:not([name=sort]), input)")].some((field) => field.value);
  const show = (folded) => {
    form.toggleAttribute("data-folded", folded);
    fold.setAttribute("aria-expanded", String(!folded));
  };
  fold.hidden = false;
  fold.addEventListener("click", () => show(!form.hasAttribute("data-folded")));
  show(!used);
}

if (table) {
  const bar = document.querySelector("[data-bulk]");
  if (bar) initBulk(bar);
  initKeys();
  initColumns(document.querySelector("[data-columns]"));
  table.dataset.ready = "";
}
