// The attributes of the selected feature; every change is kept as soon as it is made.
import { element } from "./figures.js";

export class Form {
  constructor(holder, config, edited) {
    Object.assign(this, { holder, config, edited });
    this.fields = new Map();
    holder.addEventListener("change", (event) => this.changed(event.target));
    holder.addEventListener("submit", (event) => event.preventDefault());
  }

  show(attributes, disabled) {
    this.fields.clear();
    this.attributes = attributes;
    this.holder.replaceChildren(...this.config.layer.attributes.map((attribute) => this.field(attribute, attributes[attribute.name], disabled)));
  }

  field(attribute, value, disabled) {
    const id = `attribute-${attribute.name}`;
    const control = this.control(attribute, value, id);
    if (attribute.kind === "places") {
      const boxes = element("fieldset", { class: "editor-field editor-places", disabled }, element("legend", { text: attribute.label }), control);
      this.fields.set(attribute.name, boxes);
      return boxes;
    }
    control.disabled = disabled;
    const unit = attribute.unit && !attribute.label.includes(attribute.unit) ? `（${attribute.unit}）` : "";
    const label = element("label", { for: id, text: attribute.label + unit });
    if (attribute.required) label.append(element("span", { class: "editor-required", text: this.config.texts.required }));
    const field = element("div", { class: "editor-field" }, label, control);
    if (attribute.help) field.append(element("p", { class: "field-help", text: attribute.help }));
    this.fields.set(attribute.name, field);
    return field;
  }

  control(attribute, value, id) {
    const common = { id, name: attribute.name, class: "form-control" };
    const choose = (choices, empty) => {
      const select = element("select", { ...common, class: "form-select" });
      if (empty) select.append(new Option(this.config.texts.none, ""));
      for (const [key, label] of choices) select.append(new Option(label, key, false, key === value));
      return select;
    };
    const { districts } = this.config;
    switch (attribute.kind) {
      case "choice":
        return choose(attribute.choices, !attribute.required || !value);
      case "place":
        return choose(districts.map(({ code, name }) => [code, name]), !value);
      case "town":
        return choose(districts.flatMap(({ code, name, towns }) => towns.map(([key, town]) => [key, `${name} ${town}`]).filter(() => !this.attributes.district_id || code === this.attributes.district_id)), true);
      case "places": {
        const boxes = districts.map(({ code, name }) => element("label", {}, element("input", { type: "checkbox", name: attribute.name, value: code, checked: (value ?? []).includes(code) }), name));
        return element("div", { class: "editor-checks" }, ...boxes);
      }
      case "bool":
        return element("input", { ...common, class: "editor-check", type: "checkbox", checked: Boolean(value) });
      case "date":
        return element("input", { ...common, type: "date", value: value ?? "" });
      case "number":
      case "integer":
        return element("input", { ...common, type: "text", inputmode: "decimal", class: "form-control num", value: value ?? "", autocomplete: "off" });
      default:
        return element("input", { ...common, type: "text", value: value ?? "", maxlength: attribute.maxLength || 200, autocomplete: "off" });
    }
  }

  changed(control) {
    const attribute = this.config.layer.attributes.find((item) => item.name === control.name);
    if (!attribute) return;
    this.fault(attribute.name, "");
    let value = control.value;
    if (attribute.kind === "bool") value = control.checked;
    if (attribute.kind === "places") value = [...this.holder.querySelectorAll(`[name="${attribute.name}"]:checked`)].map((box) => box.value);
    if (["number", "integer"].includes(attribute.kind)) {
      const text = value.replaceAll(/[\s,，]/g, "");
      value = text === "" ? null : Number(text);
      if (Number.isNaN(value)) {
        this.fault(attribute.name, this.config.texts.notANumber);
        return;
      }
    }
    this.attributes = { ...this.attributes, [attribute.name]: value };
    this.edited({ [attribute.name]: value });
    if (attribute.kind === "place") this.show(this.attributes, false);
  }

  fault(name, sentence) {
    const field = this.fields.get(name);
    if (!field) return;
    field.querySelector(".field-error")?.remove();
    const control = field.querySelector("input, select");
    control.toggleAttribute("aria-invalid", false);
    if (!sentence) return;
    control.setAttribute("aria-invalid", "true");
    field.append(element("p", { class: "field-error", role: "alert", text: sentence }));
  }
}
