// Parts of the page drawn anew by the server while somebody types: only what changed, and never what is typed into.
function plain(html) {
  return html.replace(/source-\d+/g, "");
}

export function replace(element, html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  // The ids of § cards rise with every answer; a card that is open must not close for that.
  if (!element || plain(element.innerHTML).trim() === plain(template.innerHTML).trim()) return;
  element.replaceChildren(template.content);
}

// A kind marks with data-live="name" what in its form follows from other fields.
export function refreshLive(fields, html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  for (const element of fields.querySelectorAll("[data-live]")) {
    const fresh = template.content.querySelector(`[data-live="${CSS.escape(element.dataset.live)}"]`);
    if (fresh && !element.contains(document.activeElement)) replace(element, fresh.innerHTML);
  }
}

// Draws the parts of this page anew as the server sees them now.
export async function refreshParts(names) {
  const response = await fetch(location.pathname, { headers: { Accept: "text/html" } });
  if (!response.ok) return false;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const name of names) {
    const element = document.querySelector(`[data-part="${name}"]`);
    const source = fresh.querySelector(`[data-part="${name}"]`);
    if (element && source) replace(element, source.innerHTML);
  }
  return true;
}

export function showErrors(form, errors) {
  for (const old of form.querySelectorAll(".field-error")) old.remove();
  for (const control of form.querySelectorAll("[aria-invalid]")) control.removeAttribute("aria-invalid");
  for (const [name, sentences] of Object.entries(errors)) {
    const control = form.elements[name];
    const first = control instanceof RadioNodeList ? control[0] : control;
    const place = form.querySelector(`[data-error-for="${CSS.escape(name)}"]`) ?? first?.closest(".field") ?? form;
    const line = document.createElement("div");
    line.className = "field-error";
    line.id = `id_${name}-error`;
    line.textContent = sentences.join("");
    if (place === form) form.prepend(line);
    else place.append(line);
    if (!first || first.type === "hidden") continue;
    first.setAttribute("aria-invalid", "true");
    const described = (first.getAttribute("aria-describedby") ?? "").split(" ").filter((id) => id && id !== line.id);
    first.setAttribute("aria-describedby", [line.id, ...described].join(" "));
  }
}
