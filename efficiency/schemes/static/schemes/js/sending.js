// Sends the draft: to be kept, and to be tried. Both wait until the typing pauses; the latest question wins.
import { same, copy } from "./draft.js";

const KEEP_MS = 600;
const TRY_MS = 250;
const RETRY_MS = 5000;

function post(url, body, signal) {
  return fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json, text/html", "X-CSRFToken": token() },
    body: JSON.stringify(body),
    redirect: "manual",
    signal,
  });
}

function token() {
  return document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
}

export class Keeper {
  constructor(root, config, data, showFaults) {
    Object.assign(this, { root, config, data, showFaults });
    this.revision = config.revision;
    this.faults = config.unfinished;
    this.status = root.querySelector("[data-status]");
    this.refused = root.querySelector("[data-refused]");
    addEventListener("beforeunload", (event) => this.dirty && !this.stopped && event.preventDefault());
    addEventListener("online", () => this.dirty && this.send());
  }

  start(kept) {
    this.kept = kept;
    this.say("kept", "");
  }

  get dirty() {
    return Boolean(this.kept) && !same(this.kept, this.data());
  }

  say(state, text) {
    this.status.textContent = text || this.status.dataset[state] || "";
    this.root.dataset.kept = state;
  }

  edited() {
    clearTimeout(this.timer);
    if (this.stopped) return;
    this.root.dataset.kept = "typing";
    this.timer = setTimeout(() => this.send(), KEEP_MS);
  }

  async send() {
    clearTimeout(this.timer);
    while (this.running) await this.running;
    if (this.stopped) return;
    if (!this.dirty) {
      this.refuse("", this.faults);
      this.say("kept", "");
      return;
    }
    this.running = this.once(copy(this.data()));
    await this.running;
    this.running = null;
    if (this.again) {
      this.again = false;
      this.edited();
    }
  }

  async once(sent) {
    this.say("saving");
    let response;
    let answer = {};
    try {
      response = await post(this.config.save, { revision: this.revision, data: sent });
      if (response.status < 500 && response.type !== "opaqueredirect") answer = await response.json();
    } catch {
      return this.later();
    }
    if (response.status >= 500) return this.later();
    if (response.ok) {
      this.revision = answer.revision;
      this.kept = sent;
      this.faults = answer.unfinished;
      this.refuse("", this.faults);
      this.again = this.dirty;
      return this.say("saved", `${this.status.dataset.saved} ${answer.at}`);
    }
    // Of these nothing is mended by typing on: somebody else saved, or this account may not any more.
    this.stopped = [403, 404, 409].includes(response.status) || response.type === "opaqueredirect";
    this.refuse(answer.sentence ?? "", answer.faults ?? []);
    return this.say("refused", " ");
  }

  refuse(sentence, faults) {
    this.refused.hidden = !sentence;
    this.refused.querySelector("p").textContent = sentence;
    this.showFaults(faults);
  }

  later() {
    this.say("offline");
    this.timer = setTimeout(() => this.send(), RETRY_MS);
  }
}

export class Preview {
  constructor(root, config, data) {
    Object.assign(this, { root, config, data });
    this.part = root.querySelector("[data-preview]");
    this.status = root.querySelector("[data-preview-status]");
    this.part.addEventListener("change", (event) => {
      if (event.target.matches("[data-preview-year]")) this.year = Number(event.target.value);
      if (event.target.matches("[data-preview-against]")) this.against = event.target.value;
      this.ask();
    });
  }

  ask() {
    clearTimeout(this.timer);
    this.root.dataset.tried = "asked";
    this.timer = setTimeout(() => this.send(), TRY_MS);
  }

  async send() {
    this.asking?.abort();
    const asking = new AbortController();
    this.asking = asking;
    this.status.textContent = this.status.dataset.busy;
    this.part.setAttribute("aria-busy", "true");
    const question = { version: this.config.version, data: this.data(), year: this.year, against: this.against };
    try {
      const response = await post(this.config.preview, question, asking.signal);
      if (!response.ok) throw new Error(String(response.status));
      const focused = this.part.contains(document.activeElement) && document.activeElement.matches("[data-preview-year]")
        ? "[data-preview-year]"
        : this.part.contains(document.activeElement) && "[data-preview-against]";
      this.part.innerHTML = await response.text();
      if (focused) this.part.querySelector(focused)?.focus();
      this.status.textContent = "";
      this.root.dataset.tried = "shown";
    } catch {
      // Superseded by a later question, which says how it went.
      if (asking.signal.aborted) return;
      this.status.textContent = this.status.dataset.failed;
      this.root.dataset.tried = "failed";
      this.timer = setTimeout(() => this.send(), RETRY_MS);
    }
    this.part.removeAttribute("aria-busy");
  }
}
