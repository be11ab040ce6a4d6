// What can be asked for besides where things come from: name in Python, words, a sentence of help.

const share = { kind: "range", min: 0, max: 1, step: 0.05, start: 0.5 };

export const STYLE = [
  { name: "density", label: "Density", help: "How many tones of a chord are struck at once: one on the left, all on the right.", ...share },
  { name: "register", label: "Register", help: "Where it is played: low on the left, high on the right.", ...share },
  { name: "articulation", label: "Articulation", help: "Short notes on the left, held ones on the right.", ...share, start: 0.2 },
  { name: "bass", label: "Bass", help: "The bass as it is on the left, doubled in octaves on the right.", ...share },
  { name: "contour_depth", label: "Contour", help: "How far the line rises and falls: hardly on the left, over all chord tones on the right.", ...share },
  { name: "contour_rate", label: "Pace of the contour", help: "How quickly it rises and falls: in four seconds on the left, four times a second on the right.", ...share },
];

const roles = [["", "as usual"], ["bass", "bass"], ["chord", "chord"], ["arpeggio", "arpeggio"], ["top", "top line"], ["off", "off"]];

export const ROLES = [
  { name: "low", label: "Low hits play", help: "What a kick or the like strikes; usually the bass. Roles need the rules to arrange.", kind: "select", choices: roles },
  { name: "mid", label: "Middle hits play", help: "What a snare or the like strikes; usually the chord.", kind: "select", choices: roles },
  { name: "high", label: "High hits play", help: "What a hi-hat or the like strikes; usually an arpeggio.", kind: "select", choices: roles },
];

export const TIMING = [
  { name: "bpm", label: "Tempo", help: "Quarter notes a minute. Empty: as the input is played.", kind: "number", min: 20, max: 400, step: 0.1 },
  { name: "transpose", label: "Key", help: "Semitones up, or down with a minus. The input's hits stay where they are.", kind: "number", min: -24, max: 24, step: 1 },
  { name: "quantize", label: "Quantize", help: "Moves notes to this grid. As played: the input's own timing stays.", kind: "select",
    choices: [["", "as played"], [4, "1/4"], [8, "1/8"], [16, "1/16"], [32, "1/32"], [12, "1/8 triplets"], [24, "1/16 triplets"]], number: true },
  { name: "quantize_strength", label: "Groove amount", help: "How much of the input's own timing stays when quantized: nothing on the left, nearly all on the right.",
    kind: "range", min: 0, max: 0.95, step: 0.05, start: 0, inverted: true, needs: "quantize" },
  { name: "swing", label: "Swing", help: "Makes the first of two eighths longer: 0.5 is even, 0.67 a triplet feel.", kind: "range", min: 0.5, max: 0.8, step: 0.01, start: 0.6 },
  { name: "loop", label: "Exact loop", help: "Whole bars, with an end that leads into the beginning.", kind: "check" },
  { name: "bars", label: "Bars of the loop", help: "Empty: all whole bars of the input.", kind: "number", min: 1, max: 256, step: 1, needs: "loop" },
];

export const SOUND = [
  { name: "arranger", label: "Who arranges", help: "Rules write what a careful player would; the networks have learned it from music. Auto takes the rules.", kind: "select",
    choices: [["auto", "auto"], ["rules", "rules"], ["transformer", "transformer"], ["network", "small network"]] },
  { name: "instrument", label: "Instrument", help: "Model: learned from the clip, any note can be played. Samples: cut out of the clip. Auto takes what explains the clip best.",
    kind: "select", choices: [["auto", "auto"], ["model", "model"], ["samples", "samples"]] },
  { name: "output_rate", label: "Sampling rate", help: "Auto: that of the clip whose sound it is, up to 48 kHz.", kind: "select", number: true,
    choices: [["", "auto"], [24000, "24 kHz"], [44100, "44.1 kHz"], [48000, "48 kHz"]] },
  { name: "channels", label: "Channels", help: "Auto: as many as that clip has.", kind: "select", number: true, choices: [["", "auto"], [1, "mono"], [2, "stereo"]] },
  { name: "bit_depth", label: "Bit depth", help: "Of the files: 16 is a CD's, 24 for further work, 32f never clips.", kind: "select",
    choices: [["", "16"], ["24", "24"], ["32f", "32 float"]] },
  { name: "stems", label: "Stems", help: "Each voice as a file of its own too, as long as the whole, which they add up to.", kind: "check" },
];
