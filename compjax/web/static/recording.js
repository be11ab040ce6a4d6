// A clip from the microphone.

import { server } from "./server.js";
import { toWav } from "./sound.js";
import { clock } from "./tools.js";

export async function record(card) {
  const { max_seconds } = server.limits;
  const plain = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  card.parts.error.textContent = "";
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: plain });
  } catch (error) {
    card.parts.error.textContent = error.name === "NotFoundError"
      ? "No microphone was found." : "The microphone may not be used; allow it in the browser's settings.";
    return;
  }
  const recorder = new MediaRecorder(stream), chunks = [], began = performance.now();
  let kept = true;
  const [stop, discard] = ["stop", "discard"].map((name) => card.host.querySelector(`.${name}`));
  const end = () => { if (recorder.state !== "inactive") recorder.stop(); };
  stop.onclick = end;
  card.discardRecording = discard.onclick = () => { kept = false; end(); };
  const timer = setInterval(() => {
    const seconds = (performance.now() - began) / 1000;
    card.parts.clock.textContent = clock(seconds);
    if (seconds > max_seconds - 0.5) end();
  }, 200);
  recorder.ondataavailable = (event) => chunks.push(event.data);
  recorder.onstop = async () => {
    clearInterval(timer);
    stream.getTracks().forEach((track) => track.stop());
    card.discardRecording = null;
    if (!kept && card.state) return;  // another clip has come in the meantime
    card.show("drop");
    if (!kept) return card.host.querySelector(".record").focus();
    try {
      card.parts.busy.textContent = "Reading the recording …";
      const wav = await toWav(new Blob(chunks, { type: recorder.mimeType }));
      await card.take({ file: new File([wav], "recording.wav") });
    } catch {
      card.parts.busy.textContent = "";
      card.parts.error.textContent = "Nothing was recorded; try again for at least half a second.";
    }
  };
  recorder.start(1000);
  card.parts.clock.textContent = "0:00";
  card.show("recording");
  stop.focus();
}
