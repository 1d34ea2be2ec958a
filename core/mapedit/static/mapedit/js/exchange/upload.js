// A file dropped or chosen is sent with its progress shown; without this script the form posts by itself.
const config = JSON.parse(document.getElementById("import-config").textContent);
const form = document.querySelector("[data-upload]");
const input = form.querySelector("input[type=file]");
const drop = form.querySelector("[data-drop]");
const dropText = form.querySelector("[data-drop-text]");
const progress = form.querySelector("[data-progress]");
const bar = progress.querySelector("progress");
const status = progress.querySelector("p");
const problem = form.querySelector("[data-problem]");
const submit = form.querySelector("button[type=submit]");

function say(sentence) {
  problem.textContent = sentence;
  problem.hidden = !sentence;
}

function chosen() {
  const [file] = input.files;
  if (file) dropText.textContent = file.name;
  say(file && file.size > config.limit ? config.tooBig : "");
}

function stop(sentence) {
  progress.hidden = true;
  submit.disabled = false;
  say(sentence);
}

function send() {
  const request = new XMLHttpRequest();
  request.open("POST", form.action);
  request.setRequestHeader("Accept", "application/json");
  request.upload.addEventListener("progress", (event) => {
    if (!event.lengthComputable) return;
    const percent = Math.floor((event.loaded / event.total) * 100);
    bar.value = percent;
    status.textContent = percent < 100 ? config.sending.replace("{percent}", percent) : config.reading;
  });
  request.addEventListener("load", () => {
    let answer = {};
    try {
      answer = JSON.parse(request.responseText);
    } catch {
      answer = { message: config.failed };
    }
    if (answer.location) location.assign(answer.location);
    else stop(answer.message || config.failed);
  });
  request.addEventListener("error", () => stop(config.failed));
  submit.disabled = true;
  progress.hidden = false;
  say("");
  request.send(new FormData(form));
}

input.addEventListener("change", chosen);
for (const name of ["dragenter", "dragover"]) {
  drop.addEventListener(name, (event) => {
    event.preventDefault();
    drop.dataset.over = "";
  });
}
drop.addEventListener("dragleave", () => delete drop.dataset.over);
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  delete drop.dataset.over;
  if (!event.dataTransfer.files.length) return;
  input.files = event.dataTransfer.files;
  chosen();
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  const [file] = input.files;
  if (file && file.size <= config.limit) send();
});
chosen(); // a file chosen before this script ran, or kept by the back button
form.dataset.ready = "";
