// Saves while somebody types: kept in this browser first, then sent. Nothing kept here is dropped before the server has it.
import { remember, remembered } from "../../../web/js/storage.js";
import { read, same, write } from "./values.js";

const WAIT_MS = 600;
const RETRY_MS = 5000;

export class Saver {
  // report(state, detail) is told saving, saved, offline, signedOut, refused, conflict or gone.
  constructor({ form, url, key, report }) {
    Object.assign(this, { form, url, key, report });
    this.dirty = false;
    this.stopped = false;
    this.running = null;
    this.timer = null;
    this.last = read(form);
    addEventListener("online", () => this.dirty && this.send());
    addEventListener("pagehide", () => this.leave());
  }

  get revision() {
    return this.form.elements.revision.value;
  }

  // Whether the server has everything that was typed.
  get settled() {
    return !this.dirty && !this.running;
  }

  // What an earlier visit could not send goes back into the form, under the revision it was typed on.
  restore() {
    const kept = this.kept();
    if (!kept || same(kept.values, this.last)) {
      this.forget();
      return false;
    }
    write(this.form, kept.values);
    this.form.elements.revision.value = kept.revision;
    this.dirty = true;
    this.send();
    return true;
  }

  kept() {
    try {
      return JSON.parse(remembered(this.key) || "null");
    } catch {
      // Written by an older version of this page: nothing that could be restored.
      return null;
    }
  }

  keep() {
    remember(this.key, JSON.stringify({ revision: this.revision, values: read(this.form) }));
  }

  forget() {
    remember(this.key, "");
  }

  edited() {
    if (this.stopped || (!this.dirty && same(read(this.form), this.last))) return;
    this.dirty = true;
    this.keep();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.send(), WAIT_MS);
  }

  // Sends what was typed; true when the server has everything.
  async send() {
    clearTimeout(this.timer);
    while (this.running) await this.running;
    if (this.stopped) return false;
    if (!this.dirty) return true;
    this.running = this.once();
    try {
      await this.running;
    } finally {
      this.running = null;
    }
    return !this.dirty;
  }

  async once() {
    const sent = read(this.form);
    this.report("saving");
    let response;
    try {
      response = await fetch(this.url, {
        method: "POST",
        headers: { Accept: "application/json" },
        body: new FormData(this.form),
        redirect: "manual",
      });
    } catch {
      return this.later();
    }
    if (response.status >= 500) return this.later();
    // The sign-in page is where an expired session is sent to.
    if (response.type === "opaqueredirect") return this.report("signedOut");
    let answer = {};
    try {
      answer = await response.json();
    } catch {
      return this.later();
    }
    if (response.status === 409 && answer.differences?.length === 0) {
      // Both wrote the same, or this page's own farewell came first: nothing to choose between.
      this.form.elements.revision.value = answer.revision;
      this.timer = setTimeout(() => this.send());
      return;
    }
    if (response.status === 409) {
      this.stopped = true;
      return this.report("conflict", answer);
    }
    if (response.status === 403 || response.status === 404) {
      this.stopped = true;
      return this.report("gone", answer);
    }
    if (!response.ok) return this.report("refused", answer);
    this.settle(sent, answer);
  }

  settle(sent, answer) {
    this.form.elements.revision.value = answer.revision;
    this.last = sent;
    this.dirty = !same(read(this.form), sent);
    if (this.dirty) {
      this.keep();
      this.timer = setTimeout(() => this.send(), WAIT_MS);
    } else {
      this.forget();
    }
    this.report("saved", answer);
  }

  later() {
    this.report("offline");
    this.timer = setTimeout(() => this.send(), RETRY_MS);
  }

  // Mine after all: the next save builds on what the other wrote.
  overwrite(revision) {
    this.form.elements.revision.value = revision;
    this.stopped = false;
    this.dirty = true;
    this.keep();
    return this.send();
  }

  leave() {
    if (!this.dirty || this.stopped || this.running) return;
    fetch(this.url, { method: "POST", keepalive: true, headers: { Accept: "application/json" }, body: new FormData(this.form) })
      .catch(() => {
        // The page is gone; what was typed is kept in this browser and restored at the next visit.
      });
  }
}
