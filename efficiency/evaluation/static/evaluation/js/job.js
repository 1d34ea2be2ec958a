// Follows a run under way and leads on when it has ended.
const box = document.querySelector("[data-job]");
const SECONDS = 1;

async function look() {
  try {
    const answer = await fetch(box.dataset.job, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(String(answer.status));
    const job = await answer.json();
    if (job.url) {
      location.replace(job.url);
      return;
    }
    if (job.stage) box.querySelector("[data-job-stage]").textContent = job.stage;
    const bar = box.querySelector("[data-job-bar]");
    if (job.total) {
      bar.max = job.total;
      bar.value = job.done;
    }
  } catch {
    // The network is away for a moment: ask again.
  }
  setTimeout(look, SECONDS * 1000);
}

if (box) look();
