// Search everything: Ctrl/⌘-K or "/", arrows, Enter. A combobox over a listbox.
const WAIT_MS = 150;

export function initPalette() {
  const dialog = document.getElementById("palette");
  if (!dialog) return;
  const input = dialog.querySelector("#palette-input");
  const list = dialog.querySelector("#palette-list");
  const note = dialog.querySelector("#palette-note");
  const texts = dialog.dataset;
  let options = [];
  let active = -1;
  let timer = 0;
  let running = null;

  const say = (text) => {
    note.textContent = text;
  };

  function select(index) {
    options[active]?.setAttribute("aria-selected", "false");
    active = options.length ? (index + options.length) % options.length : -1;
    const option = options[active];
    if (!option) {
      input.removeAttribute("aria-activedescendant");
      return;
    }
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", option.id);
  }

  function labelled(text, query) {
    const holder = document.createElement("span");
    const at = text.toLowerCase().indexOf(query.toLowerCase());
    if (at < 0) {
      holder.textContent = text;
      return holder;
    }
    const mark = document.createElement("mark");
    mark.textContent = text.slice(at, at + query.length);
    holder.append(text.slice(0, at), mark, text.slice(at + query.length));
    return holder;
  }

  function draw(groups, query) {
    list.replaceChildren();
    options = [];
    for (const group of groups) {
      const box = document.createElement("div");
      box.setAttribute("role", "group");
      const title = document.createElement("div");
      title.className = "palette-group";
      title.id = `palette-group-${group.key}`;
      title.textContent = group.label;
      box.setAttribute("aria-labelledby", title.id);
      box.append(title);
      for (const hit of group.hits) {
        const option = document.createElement("a");
        option.className = "palette-hit";
        option.id = `palette-hit-${options.length}`;
        option.href = hit.url;
        option.tabIndex = -1;
        option.setAttribute("role", "option");
        option.setAttribute("aria-selected", "false");
        option.append(labelled(hit.label, query));
        if (hit.sub) {
          const sub = document.createElement("small");
          sub.textContent = hit.sub;
          option.append(sub);
        }
        box.append(option);
        options.push(option);
      }
      list.append(box);
    }
    input.setAttribute("aria-expanded", String(options.length > 0));
    select(0);
  }

  async function search() {
    running?.abort();
    const query = input.value.trim();
    if (query.length < 2) {
      draw([], query);
      say(texts.hint);
      return;
    }
    running = new AbortController();
    const { signal } = running;
    if (!options.length) say(texts.busy);
    try {
      const response = await fetch(`${texts.url}?q=${encodeURIComponent(query)}`, {
        signal,
        headers: { Accept: "application/json" },
      });
      if (response.redirected || response.status === 401 || response.status === 403) {
        draw([], query);
        say(texts.expired);
        return;
      }
      if (!response.ok) throw new Error(`search answered ${response.status}`);
      const answer = await response.json();
      draw(answer.groups, query);
      say(options.length ? "" : texts.none.replace("{q}", query));
    } catch (error) {
      if (error.name === "AbortError") return;
      draw([], query);
      say(texts.failed);
    }
  }

  function open() {
    if (dialog.open) return;
    dialog.showModal();
    input.select();
    search();
  }

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(search, WAIT_MS);
  });
  input.addEventListener("keydown", (event) => {
    // While an input method composes, its keys are its own.
    if (event.isComposing) return;
    if (event.key === "ArrowDown") select(active + 1);
    else if (event.key === "ArrowUp") select(active - 1);
    else if (event.key === "Enter") {
      if (options[active]) options[active].click();
      else search();
    } else return;
    event.preventDefault();
  });
  // A result on the page already open (the map, by its hash) must not leave the palette in the way.
  list.addEventListener("click", () => setTimeout(() => dialog.close(), 0));
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  for (const opener of document.querySelectorAll("[data-palette-open]")) {
    opener.addEventListener("click", open);
    if (/Mac|iPhone|iPad/.test(navigator.platform)) {
      const shortcut = opener.querySelector("[data-shortcut]");
      if (shortcut) shortcut.textContent = "⌘ K";
    }
  }
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    const chord = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k";
    if (chord || (event.key === "/" && !typing)) {
      event.preventDefault();
      open();
    }
  });
}
