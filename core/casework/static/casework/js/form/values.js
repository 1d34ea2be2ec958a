// What a form says, by field, as lists of strings; and the way back from such lists into the form.
const NOT_CONTENT = new Set(["csrfmiddlewaretoken", "revision", "act"]);

export function read(form) {
  const values = {};
  for (const [name, value] of new FormData(form)) {
    if (!NOT_CONTENT.has(name) && typeof value === "string") (values[name] ??= []).push(value);
  }
  return values;
}

export function same(a, b) {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].every((name) => {
    const [one, other] = [a[name] ?? [""], b[name] ?? [""]];
    return one.length === other.length && one.every((value, index) => value === other[index]);
  });
}

// Writes `values`; controls it does not name are emptied. The kind's own scripts hear "case:filled".
export function write(form, values) {
  const taken = {};
  for (const control of form.elements) {
    if (!control.name || NOT_CONTENT.has(control.name)) continue;
    const given = values[control.name] ?? [];
    if (control.type === "checkbox" || control.type === "radio") {
      control.checked = given.includes(control.value);
    } else if (control.multiple) {
      for (const option of control.options) option.selected = given.includes(option.value);
    } else if (control.type !== "submit" && control.type !== "button" && control.type !== "file") {
      const index = (taken[control.name] = (taken[control.name] ?? -1) + 1);
      control.value = given[index] ?? "";
    }
  }
  form.dispatchEvent(new CustomEvent("case:filled", { bubbles: true }));
}
