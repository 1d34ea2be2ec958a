// Autosave: what was edited is kept in this browser first, then sent; without the network it waits and is sent again.
import { Refusal, Unreached } from "./api.js";

const WAIT_MS = 250;
const RETRY_MS = 5000;

export class Saver {
  // report(state) is told "saving", "saved", "offline" or "refused"; saved(feature, answer), refused(feature, refusal, sent).
  constructor({ api, key, revisionOf, report, saved, refused }) {
    Object.assign(this, { api, key, revisionOf, report, saved, refused });
    this.waiting = new Map();
    this.timer = null;
    this.running = null;
    addEventListener("online", () => this.send());
    for (const [feature, edit] of this.kept()) this.waiting.set(feature, edit);
  }

  get idle() {
    return this.waiting.size === 0 && !this.running;
  }

  kept() {
    try {
      return Object.entries(JSON.parse(localStorage.getItem(this.key) ?? "{}"));
    } catch {
      // Storage refused by policy, or not ours: nothing was kept.
      return [];
    }
  }

  keep() {
    try {
      if (this.waiting.size) localStorage.setItem(this.key, JSON.stringify(Object.fromEntries(this.waiting)));
      else localStorage.removeItem(this.key);
    } catch {
      // Storage full or refused: the edit lives in this page until it is sent.
    }
  }

  edit(feature, change) {
    const before = this.waiting.get(feature) ?? { revision: this.revisionOf(feature) };
    const snapped = [...(before.snapped ?? []), ...(change.snapped ?? [])];
    const attributes = change.attributes ? { ...before.attributes, ...change.attributes } : before.attributes;
    this.waiting.set(feature, { ...before, ...change, snapped, attributes });
    this.keep();
    this.report("saving");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.send(), WAIT_MS);
  }

  // Sends what waits; resolves when nothing waits any more, or the server cannot be reached.
  async send() {
    clearTimeout(this.timer);
    if (this.running) {
      await this.running;
      if (this.waiting.size && !this.offline) await this.send();
      return;
    }
    this.running = this.all();
    try {
      await this.running;
    } finally {
      this.running = null;
    }
  }

  async all() {
    while (this.waiting.size) {
      const [feature, edit] = this.waiting.entries().next().value;
      this.report("saving");
      try {
        const answer = await this.api.put(`change/${encodeURIComponent(feature)}/`, edit);
        this.offline = false;
        this.settle(feature, edit, answer);
      } catch (error) {
        if (error instanceof Unreached) {
          this.offline = true;
          this.report("offline");
          this.timer = setTimeout(() => this.send(), RETRY_MS);
          return;
        }
        if (!(error instanceof Refusal)) throw error;
        this.drop(feature);
        this.report("refused");
        this.refused(feature, error, edit);
        return;
      }
    }
    this.report("saved");
  }

  // What was edited while the answer was on its way builds on it.
  settle(feature, sent, answer) {
    const now = this.waiting.get(feature);
    if (now === sent) this.waiting.delete(feature);
    else this.waiting.set(feature, { ...now, revision: answer.changed[0].after?.revision ?? null });
    this.keep();
    this.saved(feature, answer, now === sent);
  }

  drop(feature) {
    this.waiting.delete(feature);
    this.keep();
  }
}
