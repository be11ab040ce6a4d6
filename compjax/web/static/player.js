// Playing: tracks of one length run together, and one of them is heard.

let context = null;
let sounding = null;  // the player that plays; there is one at a time

export class Player {
  constructor() {
    this.tracks = new Map();
    this.selected = "";
    this.duration = 0;
    this.at = 0;
    this.loop = false;
    this.running = null;
    this.listeners = [];
  }

  get playing() { return this.running !== null; }

  get position() {
    if (!this.running) return this.at;
    const late = context.outputLatency || 0;
    const passed = this.at + Math.max(0, context.currentTime - this.running.since - late);
    return this.loop ? passed % this.duration : Math.min(passed, this.duration);
  }

  // Tracks are made equally long, so that they loop together.
  add(name, sound) {
    const length = Math.max(1, Math.round(this.duration * sound.sampleRate));
    const fitted = new AudioBuffer({ length, sampleRate: sound.sampleRate, numberOfChannels: 1 });
    fitted.copyToChannel(sound.getChannelData(0).subarray(0, length), 0);
    this.tracks.set(name, fitted);
    if (this.playing) this.restart(this.position);
    this.tell();
  }

  select(name) {
    this.selected = name;
    for (const [track, { gain }] of this.running?.sources || []) {
      gain.gain.setTargetAtTime(track === name ? 1 : 0, context.currentTime, 0.008);
    }
    this.tell();
  }

  async play() {
    if (sounding && sounding !== this) sounding.pause();
    sounding = this;
    context ||= new AudioContext();
    if (context.state !== "running") await context.resume();
    if (this.at >= this.duration - 0.02) this.at = 0;
    this.start();
    this.tick();
  }

  start() {
    const since = context.currentTime + 0.02;
    const sources = new Map();
    for (const [name, buffer] of this.tracks) {
      const gain = context.createGain();
      gain.gain.value = name === this.selected ? 1 : 0;
      const source = new AudioBufferSourceNode(context, { buffer, loop: this.loop });
      source.connect(gain).connect(context.destination);
      source.start(since, this.at);
      sources.set(name, { source, gain });
    }
    this.running = { since, sources };
  }

  stop() {
    for (const { source } of this.running?.sources.values() || []) source.stop();
    this.running = null;
  }

  pause() {
    this.at = this.position;
    this.stop();
    this.tell();
  }

  restart(at) {
    this.stop();
    this.at = at;
    this.start();
  }

  seek(seconds) {
    const at = Math.max(0, Math.min(seconds, this.duration));
    if (this.playing) this.restart(at);
    else this.at = at;
    this.tell();
  }

  setLoop(loop) {
    const at = this.position;
    this.loop = loop;
    if (this.playing) this.restart(at);
  }

  clear() {
    this.stop();
    this.tracks.clear();
    this.at = 0;
    this.tell();
  }

  tick() {
    if (!this.playing) return;
    if (!this.loop && this.position >= this.duration) {
      this.stop();
      this.at = 0;
    }
    this.tell();
    requestAnimationFrame(() => this.tick());
  }

  tell() { this.listeners.forEach((listener) => listener(this)); }
}
