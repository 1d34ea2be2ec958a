// Shows the toast with undo on the component page.
import { toast } from "./toast.js";

document.getElementById("show-toast").addEventListener("click", () => {
  toast("已移出 3 宗", { undo: () => toast("已恢复 3 宗") });
});
