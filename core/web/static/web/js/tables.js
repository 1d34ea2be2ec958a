// Sorting, row links and CSV export of server-rendered tables.
const collator = new Intl.Collator("zh-Hans-CN", { numeric: true });

function key(row, index) {
  const cell = row.cells[index];
  return cell.dataset.value ?? cell.textContent.trim();
}

function compare(a, b, numeric) {
  if (numeric) return Number(a) - Number(b);
  return collator.compare(a, b);
}

function sortBy(header) {
  const table = header.closest("table");
  const index = header.cellIndex;
  const ascending = header.getAttribute("aria-sort") !== "ascending";
  const numeric = header.classList.contains("n");
  const body = table.tBodies[0];
  const rows = [...body.rows].sort((a, b) => {
    const order = compare(key(a, index), key(b, index), numeric);
    return ascending ? order : -order;
  });
  for (const other of header.parentElement.cells) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", ascending ? "ascending" : "descending");
  body.append(...rows);
}

// A cell a spreadsheet would read as a formula is written as text instead.
function csvCell(text) {
  const safe = /^[=+\-@\t\r]/.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text;
  return /[",\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function tableAsCsv(table) {
  return [...table.rows]
    .map((row) =>
      [...row.cells]
        .map((cell) => csvCell(cell.dataset.value ?? cell.innerText.trim().replace(/\s+/g, " ")))
        .join(","),
    )
    .join("\r\n");
}

function exportTable(button) {
  const table = document.getElementById(button.dataset.export);
  // The byte-order mark makes Excel read the file as UTF-8.
  const file = new Blob(["\ufeff" + tableAsCsv(table)], { type: "text/csv;charset=utf-8" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = `${button.dataset.filename || table.id}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

export function initTables() {
  document.addEventListener("click", (event) => {
    const sorter = event.target.closest(".data-table .sort");
    if (sorter) {
      sortBy(sorter.closest("th"));
      return;
    }
    const exporter = event.target.closest("[data-export]");
    if (exporter) {
      exportTable(exporter);
      return;
    }
    const row = event.target.closest("tr[data-href]");
    if (row && !event.target.closest("a, button, input, label") && !getSelection().toString()) {
      location.assign(row.dataset.href);
    }
  });
}
