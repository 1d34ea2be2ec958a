// Undo and redo: what each act did to which feature, as whole snapshots.
const MOST = 100;

export class History {
  constructor(changed) {
    this.done = [];
    this.undone = [];
    this.changed = changed;
  }

  // items: [{ feature, before, after }], a state being a change as the server tells it, null for none.
  add(label, items) {
    this.done.push({ label, items });
    if (this.done.length > MOST) this.done.shift();
    this.undone = [];
    this.changed();
  }

  // The server told the true state of what was added before it was saved.
  settle(feature, after) {
    const last = this.done.findLast((entry) => entry.items.some((item) => item.feature === feature));
    const item = last?.items.find((one) => one.feature === feature);
    if (item) item.after = after;
  }

  forget() {
    this.done = [];
    this.undone = [];
    this.changed();
  }

  async move(from, to, side, put) {
    const entry = from.at(-1);
    if (!entry) return null;
    await put(entry.items.map((item) => ({ feature: item.feature, state: item[side] })));
    from.pop();
    to.push(entry);
    this.changed();
    return entry;
  }

  undo(put) {
    return this.move(this.done, this.undone, "before", put);
  }

  redo(put) {
    return this.move(this.undone, this.done, "after", put);
  }
}
