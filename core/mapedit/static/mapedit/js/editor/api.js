// Requests of the editor: JSON in, JSON out, refusals with their sentence.
const PATIENCE_MS = 30_000;

export class Refusal extends Error {
  constructor(status, body) {
    super(body.sentence);
    this.status = status;
    this.sentence = body.sentence;
    this.body = body;
  }
}

// The server was not reached, or broke: what was sent must be kept and sent again.
export class Unreached extends Error {}

function cookie(name) {
  return document.cookie.split("; ").find((part) => part.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";
}

export class Api {
  constructor(root) {
    this.root = root;
  }

  get(path, query = {}, signal = undefined) {
    return this.ask("GET", `${path}?${new URLSearchParams(query)}`, undefined, signal);
  }

  post(path, body = {}) {
    return this.ask("POST", path, body);
  }

  put(path, body) {
    return this.ask("PUT", path, body);
  }

  async ask(method, path, body, signal) {
    let response;
    try {
      response = await fetch(this.root + path, {
        method,
        headers: { Accept: "application/json", "Content-Type": "application/json", "X-CSRFToken": cookie("csrftoken") },
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: signal ?? AbortSignal.timeout(PATIENCE_MS),
      });
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new Unreached(error.message);
    }
    if (response.status >= 500) throw new Unreached(`answered ${response.status}`);
    let answer;
    try {
      answer = await response.json();
    } catch {
      throw new Unreached(`answered ${response.status} without JSON`);
    }
    if (!response.ok) throw new Refusal(response.status, answer);
    return answer;
  }

  // While the page closes: nothing waits for the answer.
  farewell(path, body) {
    fetch(this.root + path, {
      method: "POST",
      keepalive: true,
      headers: { "Content-Type": "application/json", "X-CSRFToken": cookie("csrftoken") },
      body: JSON.stringify(body),
    }).catch(() => {
      // The page is gone; a presence that is not said to end ends by itself.
    });
  }
}
