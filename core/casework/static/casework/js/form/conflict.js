// Two versions of a form side by side: which fields differ, and whose to keep.
function cell(row, tag, text) {
  const made = document.createElement(tag);
  made.textContent = text;
  if (tag === "th") made.scope = "row";
  row.append(made);
}

function button(text, className, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = className;
  made.textContent = text;
  made.addEventListener("click", act);
  return made;
}

export function showConflict(box, { sentence, differences }, texts, { keepMine, takeTheirs }) {
  const section = document.createElement("section");
  section.className = "panel case-asked";
  section.setAttribute("role", "alert");
  const heading = document.createElement("h2");
  heading.className = "panel-title";
  heading.textContent = sentence;
  const wrap = document.createElement("div");
  wrap.className = "table-wrap";
  const table = document.createElement("table");
  table.className = "data-table";
  const head = table.createTHead().insertRow();
  for (const text of [texts.field, texts.mine, texts.theirs]) {
    const header = document.createElement("th");
    header.scope = "col";
    header.textContent = text;
    head.append(header);
  }
  const body = table.createTBody();
  for (const { label, mine, theirs } of differences) {
    const row = body.insertRow();
    cell(row, "th", label);
    cell(row, "td", mine);
    cell(row, "td", theirs);
  }
  wrap.append(table);
  const acts = document.createElement("p");
  acts.className = "form-actions";
  acts.append(button(texts.keepMine, "btn btn-primary", keepMine), button(texts.takeTheirs, "btn", takeTheirs));
  section.append(heading, wrap, acts);
  box.replaceChildren(section);
  box.hidden = false;
  box.scrollIntoView({ block: "nearest" });
}

export function hideConflict(box) {
  box.replaceChildren();
  box.hidden = true;
}
