import { Call, hasAudio, hasScreenShare, StreamVideoParticipant } from '@stream-io/video-client';

type VideoTrack = 'videoTrack' | 'screenShareTrack';

interface Tile {
  figure: HTMLElement;
  caption: HTMLElement;
  unbind: (() => void)[];
}

/** Shows everybody in the call, and plays the others, as an application would. */
export function render(call: Call): void {
  const tiles = new Map<string, Tile>();
  call.state.callingState$.subscribe((state) => {
    document.getElementById('state')!.textContent = state;
  });
  let pending = false;
  call.state.participants$.subscribe(() => {
    // Binding changes participants in its turn.
    if (pending) return;
    pending = true;
    queueMicrotask(() => {
      pending = false;
      update(call, tiles);
    });
  });
}

function update(call: Call, tiles: Map<string, Tile>): void {
  const wanted = new Map<string, [StreamVideoParticipant, VideoTrack]>();
  for (const participant of call.state.participants) {
    wanted.set(participant.sessionId, [participant, 'videoTrack']);
    if (hasScreenShare(participant)) wanted.set(`${participant.sessionId}:screen`, [participant, 'screenShareTrack']);
  }
  for (const [key, tile] of tiles) {
    if (wanted.has(key)) continue;
    tile.unbind.forEach((undo) => undo());
    tile.figure.remove();
    tiles.delete(key);
  }
  for (const [key, [participant, track]] of wanted) {
    const tile = tiles.get(key) ?? show(call, participant, track);
    tiles.set(key, tile);
    tile.caption.textContent = describe(participant, track);
  }
}

function describe(participant: StreamVideoParticipant, track: VideoTrack): string {
  const words = [participant.userId, track === 'screenShareTrack' ? 'screen' : hasAudio(participant) ? 'microphone on' : 'muted'];
  if (participant.isSpeaking) words.push('speaking');
  if (participant.reaction) words.push(participant.reaction.type);
  return words.join(', ');
}

function show(call: Call, participant: StreamVideoParticipant, track: VideoTrack): Tile {
  const figure = document.createElement('figure');
  const video = figure.appendChild(document.createElement('video'));
  const caption = figure.appendChild(document.createElement('figcaption'));
  document.getElementById('call')!.append(figure);
  const bindings = [call.bindVideoElement(video, participant.sessionId, track)];
  if (track === 'videoTrack' && !participant.isLocalParticipant) {
    const audio = figure.appendChild(document.createElement('audio'));
    bindings.push(call.bindAudioElement(audio, participant.sessionId));
  }
  return { figure, caption, unbind: bindings.filter((unbind) => unbind !== undefined) };
}
