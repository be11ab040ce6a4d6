// Sound that the browser can read and the server may not.

export async function decode(bytes, rate) {
  return new OfflineAudioContext(1, 1, rate).decodeAudioData(bytes);
}

export async function toWav(blob) {
  const sound = await decode(await blob.arrayBuffer(), 48000);
  const mono = new Float32Array(sound.length);
  for (let c = 0; c < sound.numberOfChannels; c++) {
    const channel = sound.getChannelData(c);
    for (let i = 0; i < mono.length; i++) mono[i] += channel[i] / sound.numberOfChannels;
  }
  const view = new DataView(new ArrayBuffer(44 + 2 * mono.length));
  const text = (at, word) => [...word].forEach((c, i) => view.setUint8(at + i, c.charCodeAt(0)));
  text(0, "RIFF"); view.setUint32(4, 36 + 2 * mono.length, true); text(8, "WAVEfmt ");
  view.setUint32(16, 16, true); view.setUint16(20, 1, true); view.setUint16(22, 1, true);
  view.setUint32(24, sound.sampleRate, true); view.setUint32(28, 2 * sound.sampleRate, true);
  view.setUint16(32, 2, true); view.setUint16(34, 16, true);
  text(36, "data"); view.setUint32(40, 2 * mono.length, true);
  mono.forEach((x, i) => view.setInt16(44 + 2 * i, Math.round(32767 * Math.max(-1, Math.min(1, x))), true));
  return new Blob([view], { type: "audio/wav" });
}

const BLOCK = 0.4;  // seconds, as in ITU-R BS.1770

// How loud a track sounds (dB, close to LKFS), and its peak.
export async function loudnessOf(sound) {
  const offline = new OfflineAudioContext(1, sound.length, sound.sampleRate);
  const source = new AudioBufferSourceNode(offline, { buffer: sound });
  const shelf = new BiquadFilterNode(offline, { type: "highshelf", frequency: 1680, gain: 4 });
  const pass = new BiquadFilterNode(offline, { type: "highpass", frequency: 38, Q: -6 });
  source.connect(shelf).connect(pass).connect(offline.destination);
  source.start();
  const weighted = (await offline.startRendering()).getChannelData(0), size = Math.round(BLOCK * sound.sampleRate);
  const powers = [];
  for (let at = 0; at === 0 || at + size <= weighted.length; at += Math.round(size / 4)) {
    powers.push(weighted.subarray(at, at + size).reduce((sum, x) => sum + x * x, 0) / size);
  }
  const mean = (values) => values.reduce((a, b) => a + b, 0) / Math.max(values.length, 1);
  const heard = powers.filter((power) => power > 1e-7);
  const loud = heard.filter((power) => power > mean(heard) / 10);
  const peak = sound.getChannelData(0).reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  return { loudness: loud.length ? 10 * Math.log10(mean(loud)) - 0.69 : NaN, peak };
}
