// A clip on its way to the server.

import { askJson, Refusal, server } from "./server.js";
import { toWav } from "./sound.js";

export async function send(origin) {
  if (origin.example) return askJson(`/api/examples/${encodeURIComponent(origin.example)}`, { method: "POST" });
  const { file } = origin, { max_bytes } = server.limits;
  if (file.size > max_bytes) {
    throw new Refusal(`${file.name}: ${Math.ceil(file.size / 1e6)} MB is more than the ${Math.round(max_bytes / 1e6)} MB that this server takes`);
  }
  const upload = (body) => askJson(`/api/clips?name=${encodeURIComponent(file.name)}`, {
    method: "POST", body, headers: { "Content-Type": "application/octet-stream" },
  });
  try {
    return await upload(file);
  } catch (error) {
    if (!/ can be read/.test(error.message)) throw error;
    const wav = await toWav(file).catch(() => null);  // the browser may know what the server does not
    if (!wav || wav.size > max_bytes) throw error;
    return upload(wav);
  }
}
