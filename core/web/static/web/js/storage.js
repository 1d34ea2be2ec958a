// A person's own display choices, kept in this browser only.
const PREFIX = "muchan.";

export function remembered(key) {
  try {
    return localStorage.getItem(PREFIX + key);
  } catch {
    // Storage refused by policy: the page works with its defaults.
    return null;
  }
}

export function remember(key, value) {
  try {
    localStorage.setItem(PREFIX + key, value);
  } catch {
    // Storage refused by policy: the choice holds for this page only.
  }
}
