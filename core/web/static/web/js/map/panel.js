// The panel: layers and list, or one feature's card, with a way back. On a phone it is a bottom sheet.
import { applyUnit } from "../units.js";

const SHEET = ["peek", "half", "full"];

export class Panel {
  // `act` holds what the panel asks of the page: open(select), close(), listQuery().
  constructor(config, act) {
    this.config = config;
    this.act = act;
    this.box = document.getElementById("map-panel");
    this.home = this.box.querySelector("[data-view=home]");
    this.card = this.box.querySelector("[data-view=card]");
    this.slot = this.box.querySelector("[data-card-slot]");
    this.rows = this.box.querySelector("[data-list]");
    this.listLayer = this.box.querySelector("[data-list-layer]");
    this.box.querySelector("[data-back]").addEventListener("click", () => act.close());
    this.box.querySelector("[data-sheet-handle]").addEventListener("click", () => this.cycleSheet());
    this.initTabs();
    this.listLayer.addEventListener("change", () => this.list());
    this.rows.addEventListener("click", (event) => this.listClick(event));
  }

  initTabs() {
    const tabs = [...this.box.querySelectorAll("[role=tab]")];
    const choose = (tab, focus) => {
      for (const other of tabs) {
        const chosen = other === tab;
        other.setAttribute("aria-selected", String(chosen));
        other.tabIndex = chosen ? 0 : -1;
        document.getElementById(other.getAttribute("aria-controls")).hidden = !chosen;
      }
      if (focus) tab.focus();
      if (this.box.dataset.sheet === "peek") this.sheet("half");
      if (this.listOpen) this.list();
    };
    tabs.forEach((tab, index) => {
      tab.addEventListener("click", () => choose(tab, false));
      tab.addEventListener("keydown", (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (step) choose(tabs[(index + step + tabs.length) % tabs.length], true);
      });
    });
  }

  get listOpen() {
    return !document.getElementById("view-list").hidden && !this.home.hidden;
  }

  sheet(size) {
    this.box.dataset.sheet = size;
    document.body.dataset.sheet = size;
  }

  cycleSheet() {
    this.sheet(SHEET[(SHEET.indexOf(this.box.dataset.sheet) + 1) % SHEET.length]);
  }

  showHome() {
    this.running?.abort();
    this.card.hidden = true;
    this.home.hidden = false;
    this.slot.replaceChildren();
    if (this.listOpen) this.list();
  }

  skeleton() {
    return this.box.querySelector("[data-skeleton]").content.cloneNode(true);
  }

  // Loads the card of `layer:code`; answers { shape, extent } of what is shown, null when nothing is.
  async showCard(select, on, { focus = false } = {}) {
    this.running?.abort();
    const running = new AbortController();
    this.running = running;
    this.home.hidden = true;
    this.card.hidden = false;
    if (this.box.dataset.sheet === "peek") this.sheet("half");
    this.slot.setAttribute("aria-busy", "true");
    this.slot.replaceChildren(this.skeleton());
    this.box.scrollTop = 0;
    const [layer, code] = select.split(":");
    let answered = false;
    try {
      const response = await fetch(`${this.config.urls.card}${layer}/${encodeURIComponent(code)}/?on=${on}`, {
        signal: running.signal,
      });
      answered = true;
      if (!response.ok) {
        if (response.status >= 500) throw new Error(`card answered ${response.status}`);
        this.complain((await response.text()).trim());
        return null;
      }
      this.slot.innerHTML = await response.text();
    } catch (error) {
      if (error.name === "AbortError") return null;
      if (answered) console.warn(error);
      this.complain(this.config.texts.cardFailed, () => this.act.open(select));
      return null;
    } finally {
      if (this.running === running) this.slot.removeAttribute("aria-busy");
    }
    applyUnit(this.slot);
    if (focus) this.slot.querySelector("h2")?.focus();
    const shape = this.slot.querySelector("#map-shape");
    const article = this.slot.querySelector("[data-card]");
    return {
      shape: shape ? JSON.parse(shape.textContent) : null,
      extent: article.dataset.extent?.split(",").map(Number) ?? null,
      title: article.querySelector("h2").textContent,
    };
  }

  complain(text, again = null) {
    const line = document.createElement("p");
    line.className = "map-card-error";
    line.setAttribute("role", "alert");
    line.textContent = text;
    this.slot.replaceChildren(line);
    if (again) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "btn";
      button.textContent = this.config.texts.retry;
      button.addEventListener("click", again);
      this.slot.append(button);
    }
  }

  async list(after = "") {
    this.listing?.abort();
    const listing = new AbortController();
    this.listing = listing;
    const asked = this.act.listQuery();
    if (after) asked.set("after", after);
    if (!after) this.rows.setAttribute("aria-busy", "true");
    try {
      const response = await fetch(`${this.config.urls.features}${this.listLayer.value}/?${asked}`, {
        signal: listing.signal,
      });
      const text = await response.text();
      if (!response.ok) {
        this.listSentence(response.status < 500 ? text.trim() : this.config.texts.listFailed);
        return;
      }
      if (after) {
        this.rows.querySelector(".map-list-more")?.remove();
        this.rows.insertAdjacentHTML("beforeend", text);
        this.rows.querySelector(`[data-code="${CSS.escape(after)}"]`)?.nextElementSibling?.querySelector("a")?.focus();
      } else {
        this.rows.innerHTML = text;
      }
    } catch (error) {
      if (error.name === "AbortError") return;
      this.listSentence(this.config.texts.listFailed);
    } finally {
      if (this.listing === listing) this.rows.removeAttribute("aria-busy");
    }
  }

  listSentence(text) {
    const row = document.createElement("tr");
    row.className = "map-list-empty";
    const cell = document.createElement("td");
    cell.colSpan = 3;
    cell.textContent = text;
    row.append(cell);
    this.rows.replaceChildren(row);
  }

  listClick(event) {
    const more = event.target.closest("[data-more]");
    if (more) {
      this.list(more.dataset.more);
      return;
    }
    const row = event.target.closest("tr[data-code]");
    if (!row || event.metaKey || event.ctrlKey) return;
    event.preventDefault();
    event.stopPropagation();
    this.act.open(`${row.dataset.layer}:${row.dataset.code}`, { focus: true });
  }
}
