// Talking to the stand-in's control API.

export async function get(path) {
  return answered(await fetch(`/_/${path}`));
}

export async function post(path, body) {
  const how = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  return answered(await fetch(`/_/${path}`, how));
}

async function answered(response) {
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(body.reason || body.error || `The server answered ${response.status}.`);
  return body;
}

// Calls `tell(happening)` for everything that person may know of; returns a function that ends it.
export function follow(person, after, tell, lost) {
  const source = new EventSource(`/_/stream?as=${encodeURIComponent(person)}&after=${after}`);
  source.onmessage = (event) => tell(JSON.parse(event.data));
  source.onopen = () => lost(false);
  source.onerror = () => lost(true);
  return () => source.close();
}
