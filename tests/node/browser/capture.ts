// Chromium's breakout box, which TypeScript does not declare: decoded media of a track, sample by sample.
declare class MediaStreamTrackProcessor<T> {
  constructor(init: { track: MediaStreamTrack });
  readable: ReadableStream<T>;
}

/** What a track plays for so long, as base64 of mono 48 kHz f32le. */
export async function recordAudio(stream: MediaStream, durationMs: number): Promise<string> {
  const pieces: Float32Array[] = [];
  let recorded = 0;
  for await (const data of read<AudioData>(stream.getAudioTracks()[0])) {
    const samples = new Float32Array(data.numberOfFrames);
    data.copyTo(samples, { planeIndex: 0, format: 'f32-planar' });
    pieces.push(samples);
    recorded += (1000 * data.numberOfFrames) / data.sampleRate;
    data.close();
    if (recorded >= durationMs) break;
  }
  return toBase64(pieces.map((piece) => new Uint8Array(piece.buffer)));
}

/**
 * The next frames of a track as they were decoded: their size, and base64 of I420 pictures one after the other. With a
 * width, those before the first of that width are passed over: a simulcast track starts with whatever layer is there.
 */
export async function captureFrames(stream: MediaStream, count: number, wantedWidth?: number) {
  const pictures: Uint8Array[] = [];
  let width = 0;
  let height = 0;
  for await (const frame of read<VideoFrame>(stream.getVideoTracks()[0])) {
    if (wantedWidth && frame.visibleRect!.width !== wantedWidth) {
      frame.close();
      continue;
    }
    ({ width, height } = frame.visibleRect!);
    const picture = new Uint8Array(frame.allocationSize());
    const format = frame.format;
    await frame.copyTo(picture);
    frame.close();
    if (format !== 'I420') throw new Error(`decoded as ${format}`);
    pictures.push(picture);
    if (pictures.length >= count) break;
  }
  return { width, height, pictures: toBase64(pictures) };
}

async function* read<T>(track: MediaStreamTrack): AsyncGenerator<T> {
  // Of a clone, so that ending the reading does not end the track.
  const own = track.clone();
  const reader = new MediaStreamTrackProcessor<T>({ track: own }).readable.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } finally {
    await reader.cancel();
    own.stop();
  }
}

function toBase64(pieces: Uint8Array[]): string {
  let text = '';
  for (const piece of pieces) {
    for (let at = 0; at < piece.length; at += 0x8000) text += String.fromCharCode(...piece.subarray(at, at + 0x8000));
  }
  return btoa(text);
}
