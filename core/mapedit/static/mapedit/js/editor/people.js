// Who else is here, and on what.
import { element, fill } from "./figures.js";

function sentence(person, opened, texts) {
  const { name, here, feature, changeSet } = person;
  if (feature && feature === opened) {
    return here ? fill(texts.sameFeature, { name }) : fill(texts.sameElsewhere, { name, set: changeSet });
  }
  return here && feature ? fill(texts.otherFeature, { name, code: feature }) : fill(texts.alsoHere, { name });
}

export function showPeople(box, session, texts) {
  const lines = session.people.map((person) => sentence(person, session.current?.feature, texts));
  box.hidden = lines.length === 0;
  box.replaceChildren(...[...new Set(lines)].map((text) => element("li", { text })));
  box.dataset.here = String(session.people.filter((person) => person.here).length);
}
