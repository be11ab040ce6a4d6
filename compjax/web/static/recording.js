// A clip from the microphone: a bar of clicks before it, a meter of its level.

import { blip } from "./player.js";
import { server } from "./server.js";
import { toWav } from "./sound.js";
import { clock, sleep } from "./tools.js";

const COUNT = 4, SLOWEST = 40;   // clicks before a recording; below this tempo it is doubled
const LOUD = 0.98;               // from here on it is said to be too loud

const PLAIN = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };

export async function record(card) {
  card.parts.error.textContent = "";
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: PLAIN });
  } catch (error) {
    card.parts.error.textContent = error.name === "NotFoundError"
      ? "No microphone was found." : "The microphone may not be used; allow it in the browser's settings.";
    return;
  }
  const recorder = new MediaRecorder(stream), chunks = [];
  const context = new AudioContext(), [stop, discard] = ["stop", "discard"].map((name) => card.host.querySelector(`.${name}`));
  let kept = true, ended = false;
  const end = () => {
    if (recorder.state !== "inactive") recorder.stop();
    else if (!ended) finish();
  };
  stop.onclick = end;
  card.discardRecording = discard.onclick = () => { kept = false; end(); };
  const unwatch = watchLevel(card, context, stream);
  const finish = async () => {
    ended = true;
    unwatch();
    context.close();
    stream.getTracks().forEach((track) => track.stop());
    card.discardRecording = null;
    if (!kept && card.state) return;  // another clip has come in the meantime
    card.show("drop");
    if (!kept || !chunks.length) return card.host.querySelector(".record").focus();
    try {
      card.parts.busy.textContent = "Reading the recording …";
      const wav = await toWav(new Blob(chunks, { type: recorder.mimeType }));
      await card.take({ file: new File([wav], "recording.wav") });
    } catch {
      card.parts.busy.textContent = "";
      card.parts.error.textContent = "Nothing was recorded; try again for at least half a second.";
    }
  };
  recorder.ondataavailable = (event) => chunks.push(event.data);
  recorder.onstop = finish;
  card.parts.clock.textContent = "0:00";
  card.show("recording");
  stop.focus();
  if (card.host.querySelector(".count").checked) await countIn(card, context);
  if (ended) return;
  recorder.start(1000);
  tellTime(card, recorder, end);
}

function tellTime(card, recorder, end) {
  const began = performance.now();
  const timer = setInterval(() => {
    const seconds = (performance.now() - began) / 1000;
    if (recorder.state === "inactive") return clearInterval(timer);
    card.parts.clock.textContent = clock(seconds);
    if (seconds > server.limits.max_seconds - 0.5) end();
  }, 200);
}

// Four clicks at the tempo of the other clip, or at 100.
async function countIn(card, context) {
  const other = card.other?.()?.state?.heard?.tempo || 100, period = 60 / (other < SLOWEST ? 2 * other : other);
  await context.resume();
  for (let i = 0; i < COUNT && card.discardRecording; i++) {
    card.parts.clock.textContent = `in ${COUNT - i}`;
    blip(context.currentTime, i === 0, context);
    await sleep(1000 * period);
  }
}

// The level of what comes in, until the function that is returned is called.
function watchLevel(card, context, stream) {
  const analyser = new AnalyserNode(context, { fftSize: 2048 }), samples = new Float32Array(analyser.fftSize);
  context.createMediaStreamSource(stream).connect(analyser);
  context.resume();
  const meter = card.host.querySelector(".level"), said = card.host.querySelector(".too-loud");
  said.textContent = "";
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    const peak = samples.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    meter.value = Math.max(0, 1 + Math.log10(Math.max(peak, 1e-3)) / 3);
    if (peak > LOUD) said.textContent = "Too loud: turn the input down.";
  }, 60);
  return () => clearInterval(timer);
}
