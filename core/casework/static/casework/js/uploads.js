// Papers of a case: sent as soon as they are chosen or dropped, with progress; the list is then drawn anew.
import { refreshParts } from "./form/parts.js";

const PARTS = ["papers", "head", "findings"];

function sentenceOf(request, fallback) {
  try {
    const answer = JSON.parse(request.responseText);
    return answer.sentence ?? answer.detail ?? fallback;
  } catch {
    const page = new DOMParser().parseFromString(request.responseText, "text/html");
    return page.querySelector('.notice[data-state="unmet"] p, [data-level="error"] span')?.textContent.trim() || fallback;
  }
}

// `settled()` waits until what was typed on the page is kept: the parts drawn anew tell of it too.
export function initUploads({ settled = async () => {} } = {}) {
  async function done() {
    await settled();
    if (!(await refreshParts(PARTS))) location.reload();
    mark();
  }

  function send(form, file) {
    const progress = form.querySelector("[data-progress]");
    const bar = progress.querySelector("progress");
    const status = progress.querySelector("p");
    const problem = form.querySelector("[data-problem]");
    const say = (sentence) => {
      problem.textContent = sentence;
      problem.hidden = !sentence;
    };
    const texts = form.closest(".case-papers").dataset;
    if (form.dataset.sending !== undefined) return;
    if (file.size > Number(texts.most)) {
      form.reset();
      say(texts.tooBig.replace("{name}", file.name));
      return;
    }
    const body = new FormData(form);
    body.set("file", file);
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", (event) => {
      if (!event.lengthComputable) return;
      const percent = Math.floor((event.loaded / event.total) * 100);
      bar.value = percent;
      status.textContent = (percent < 100 ? texts.sending : texts.checking)
        .replace("{name}", file.name)
        .replace("{percent}", percent);
    });
    const stop = (sentence) => {
      delete form.dataset.sending;
      progress.hidden = true;
      form.reset();
      say(sentence);
    };
    request.addEventListener("load", () => {
      if (request.status < 400) {
        delete form.dataset.sending;
        done();
      } else {
        stop(sentenceOf(request, texts.failed.replace("{name}", file.name)));
      }
    });
    request.addEventListener("error", () => stop(texts.failed.replace("{name}", file.name)));
    form.dataset.sending = "";
    progress.hidden = false;
    say("");
    request.send(body);
  }

  // Where this script works the button beside the file is not needed.
  function mark() {
    for (const form of document.querySelectorAll("form[data-upload]")) form.dataset.ready = "";
  }

  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-upload]");
    if (form && event.target.type === "file" && event.target.files.length) send(form, event.target.files[0]);
  });
  for (const name of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(name, (event) => {
      const drop = event.target.closest?.("[data-drop]");
      if (!drop) return;
      event.preventDefault();
      drop.toggleAttribute("data-over", name === "dragover");
      const file = name === "drop" ? event.dataTransfer.files[0] : null;
      if (file) send(drop.closest("form"), file);
    });
  }
  document.addEventListener("submit", async (event) => {
    const form = event.target.closest("form[data-remove]");
    if (!form) return;
    event.preventDefault();
    const response = await fetch(form.action, { method: "POST", body: new FormData(form) }).catch(() => null);
    if (response?.ok) await done();
    else location.reload();
  });
  mark();
}
