// Talks to /v1: asks, and reads the answer as it streams.

import { memory } from "./dom.js";
import { currentLanguage } from "./wording.js";

// `kind`: offline (no connection), cut (broke off), key, refused (message says why), long, server.
export class Trouble extends Error {
  constructor(kind, { status = 0, message = "" } = {}) {
    super(message || kind);
    Object.assign(this, { kind, status, sentence: message });
  }
}

export function greeting() {
  return call("v1/models", {}).then((response) => response.json()).then((json) => json.secretary);
}

// Calls `onText` with all the text so far, and resolves to the final answer.
export async function ask(messages, { signal, onText }) {
  const response = await call("v1/chat/completions", {
    method: "POST",
    body: JSON.stringify({ model: "secretary", stream: true, messages }),
    signal,
  });
  let text = "";
  let answer = null;
  try {
    for await (const data of frames(response.body)) {
      if (data === "[DONE]") break;
      const chunk = JSON.parse(data);
      if (chunk.error) throw new Trouble("refused", { message: chunk.error.message });
      if (chunk.secretary) answer = chunk.secretary;
      const delta = chunk.choices?.[0]?.delta?.content;
      if (delta && !answer) onText((text += delta));
    }
  } catch (error) {
    if (error instanceof Trouble || error.name === "AbortError") throw error;
    throw new Trouble("cut");
  }
  if (!answer) throw new Trouble("cut");
  return answer;
}

async function call(path, options) {
  const headers = { "Content-Type": "application/json", "Accept-Language": currentLanguage() };
  const key = memory.get("key");
  // A header holds bytes: a key of other letters goes as its UTF-8.
  if (key) headers.Authorization = `Bearer ${String.fromCharCode(...new TextEncoder().encode(key))}`;
  let response;
  try {
    response = await fetch(path, { ...options, headers, cache: "no-store" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Trouble("offline");
  }
  if (!response.ok) throw await trouble(response);
  return response;
}

async function trouble(response) {
  const { status } = response;
  if (status === 401) return new Trouble("key");
  if (status === 413) return new Trouble("long");
  const message = await response.json().then((json) => json.error.message).catch(() => "");
  return new Trouble(message ? "refused" : "server", { status, message });
}

// The `data:` of each server-sent event; comments (lines with a leading colon) are skipped.
async function* frames(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let pending = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (pending + value).split("\n\n");
    pending = parts.pop();
    for (const part of parts) if (part.startsWith("data: ")) yield part.slice(6);
  }
}
