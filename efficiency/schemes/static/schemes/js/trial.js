// The page of a version under way: what approving it would do, for whoever decides on it.
import { Preview } from "./sending.js";

const root = document.querySelector("[data-scheme-trial]");
const config = JSON.parse(document.getElementById("scheme-trial").textContent);
new Preview(root, config, () => config.data).ask();
