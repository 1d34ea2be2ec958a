// The chart as a list: the same enterprises in rows, to be read, sorted and ticked without a pointer.
const MOST = 200;
const collator = new Intl.Collator("zh-Hans-CN", { numeric: true });
const number = (value) => value.toLocaleString("zh-CN", { minimumFractionDigits: 2, maximumFractionDigits: 2 });

export class List {
  constructor(root, config, data, { toggle }) {
    this.config = config;
    this.data = data;
    this.toggle = toggle;
    this.body = root.querySelector("[data-rows]");
    this.key = "y";
    this.ascending = true;
    this.chosen = new Set();
    for (const header of root.querySelectorAll(".scatter-table th[data-key]")) {
      header.querySelector("button").addEventListener("click", () => this.sort(header));
    }
    this.body.addEventListener("change", (event) => {
      if (event.target.matches("[data-pick]")) this.toggle(Number(event.target.dataset.pick), event.target.checked);
    });
  }

  sort(header) {
    this.ascending = header.getAttribute("aria-sort") !== "ascending";
    this.key = header.dataset.key;
    for (const other of header.parentElement.cells) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", this.ascending ? "ascending" : "descending");
    this.show(this.chosen);
  }

  value(index) {
    const { firms, industries, districts } = this.data;
    const value = firms[this.key][index];
    if (this.key === "industry") return industries[value];
    return this.key === "district" ? districts[value] : value;
  }

  // Shows the selection, or everybody while there is none; answers how many rows there are.
  show(chosen, { keep = false } = {}) {
    this.chosen = chosen;
    if (keep && this.body.rows.length) {
      for (const box of this.body.querySelectorAll("[data-pick]")) box.checked = chosen.has(Number(box.dataset.pick));
      return this.body.rows.length;
    }
    const wanted = chosen.size ? [...chosen] : [...this.data.firms.id.keys()];
    const numeric = ["x", "y", "land"].includes(this.key);
    const compare = numeric
      ? (a, b) => this.value(a) - this.value(b)
      : (a, b) => collator.compare(this.value(a), this.value(b));
    wanted.sort((a, b) => (this.ascending ? compare(a, b) : compare(b, a)));
    const rows = wanted.slice(0, MOST);
    this.body.replaceChildren(...rows.map((index) => this.row(index)));
    return rows.length;
  }

  row(index) {
    const { firms, industries, districts, places } = this.data;
    const { config } = this;
    const row = document.createElement("tr");
    const cell = (name, className = "") => {
      const made = row.appendChild(document.createElement(name));
      if (className) made.className = className;
      return made;
    };
    const box = cell("td", "pick").appendChild(document.createElement("input"));
    box.type = "checkbox";
    box.dataset.pick = String(index);
    box.checked = this.chosen.has(index);
    box.setAttribute("aria-label", config.texts.pick.replace("{name}", firms.name[index]));
    const head = cell("th");
    head.scope = "row";
    if (config.result) {
      const link = head.appendChild(document.createElement("a"));
      link.href = config.result.replace("USCC", firms.uscc[index]);
      link.textContent = firms.name[index];
    } else head.textContent = firms.name[index];
    const grade = cell("td");
    if (firms.grade[index]) {
      const tag = grade.appendChild(document.createElement("span"));
      tag.className = "grade-tag";
      tag.dataset.grade = firms.grade[index];
      tag.textContent = firms.grade[index];
    } else grade.textContent = "—";
    cell("td", "n").textContent = number(firms.y[index]);
    cell("td", "n").textContent = number(firms.x[index]);
    cell("td", "n").textContent = number(firms.land[index]);
    cell("td").textContent = industries[firms.industry[index]];
    cell("td", "nowrap").textContent = districts[firms.district[index]];
    const plots = cell("td");
    for (const place of firms.plots[index].slice(0, 3)) {
      const link = plots.appendChild(document.createElement("a"));
      link.href = config.plot.replace("CODE", places.code[place]);
      link.className = "num";
      link.textContent = places.code[place];
      plots.append(" ");
    }
    return row;
  }
}
