// The form of a case: saves while typing, shows how the case stands, keeps what is typed when the network or another writer is in the way.
import { hideConflict, showConflict } from "./form/conflict.js";
import { refreshLive, replace, showErrors } from "./form/parts.js";
import { Saver } from "./form/saver.js";
import { initUploads } from "./uploads.js";

const config = JSON.parse(document.getElementById("case-config").textContent);
const { texts } = config;
const form = document.getElementById("case-form");
const fields = form.querySelector("[data-fields]");
const status = document.querySelector("[data-saved]");
const conflict = document.querySelector("[data-conflict]");
const buttons = document.querySelectorAll('[form="case-form"][type=submit]');
const part = (name) => document.querySelector(`[data-part="${name}"]`);

function say(text, state) {
  status.textContent = text;
  status.dataset.state = state;
}

function report(state, answer = {}) {
  if (state === "saved") {
    say(texts.saved.replace("{time}", answer.saved_at), state);
    for (const name of ["head", "findings"]) replace(part(name), answer[`${name}_html`]);
    // What was typed since is not in this answer; the next one is about it.
    if (saver.dirty) return;
    refreshLive(fields, answer.fields_html);
    showErrors(form, answer.errors);
  } else if (state === "conflict") {
    say(texts.refused, state);
    showConflict(conflict, answer, texts, {
      keepMine: () => {
        hideConflict(conflict);
        saver.overwrite(answer.revision);
      },
      takeTheirs: () => {
        saver.forget();
        location.reload();
      },
    });
  } else if (state === "gone") {
    say(answer.sentence ?? answer.detail ?? texts.refused, state);
  } else if (state === "refused") {
    say(answer.sentence ?? texts.refused, state);
  } else {
    say(texts[state], state);
  }
}

const saver = new Saver({ form, url: config.draft, key: config.key, report });
for (const name of ["input", "change"]) form.addEventListener(name, () => saver.edited());

// What was typed last goes first; then the form is posted like any other.
function hold(held) {
  for (const button of buttons) button.disabled = held;
}

form.addEventListener("submit", async (event) => {
  const { submitter } = event;
  if (saver.settled) {
    setTimeout(() => hold(true)); // after the browser has read which button was pressed
    return;
  }
  event.preventDefault();
  hold(true);
  const saved = await saver.send();
  hold(false);
  if (saved) form.requestSubmit(submitter);
});
addEventListener("pageshow", (event) => {
  // Kept by the browser while the case may have moved on: ask the server how it stands.
  if (event.persisted) location.reload();
});

initUploads({ settled: () => saver.send() });
if (saver.restore()) say(texts.restored, "saved");
form.dataset.ready = "";
