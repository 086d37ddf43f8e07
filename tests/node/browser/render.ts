import { Call, hasScreenShare, StreamVideoParticipant } from '@stream-io/video-client';

interface Tile {
  figure: HTMLElement;
  unbind: () => void;
}

/** Shows everybody in the call, and plays the others, as an application would. */
export function render(call: Call): void {
  const tiles = new Map<string, Tile>();
  call.state.callingState$.subscribe((state) => {
    document.getElementById('state')!.textContent = state;
  });
  call.state.participants$.subscribe((participants) => {
    const wanted = new Map(participants.flatMap((participant) => tilesOf(participant)));
    for (const [key, tile] of tiles) {
      if (wanted.has(key)) continue;
      tile.unbind();
      tile.figure.remove();
      tiles.delete(key);
    }
    for (const [key, make] of wanted) {
      if (!tiles.has(key)) tiles.set(key, make(call));
    }
  });
}

function tilesOf(participant: StreamVideoParticipant): [string, (call: Call) => Tile][] {
  const { sessionId } = participant;
  const tiles: [string, (call: Call) => Tile][] = [[sessionId, (call) => show(call, participant, 'videoTrack')]];
  if (hasScreenShare(participant)) {
    tiles.push([`${sessionId}:screen`, (call) => show(call, participant, 'screenShareTrack')]);
  }
  return tiles;
}

function show(call: Call, participant: StreamVideoParticipant, track: 'videoTrack' | 'screenShareTrack'): Tile {
  const figure = document.createElement('figure');
  figure.dataset.user = participant.userId;
  figure.dataset.track = track;
  const video = figure.appendChild(document.createElement('video'));
  const caption = figure.appendChild(document.createElement('figcaption'));
  caption.textContent = `${participant.userId} ${track}`;
  document.getElementById('call')!.append(figure);
  const unbind = [call.bindVideoElement(video, participant.sessionId, track)];
  if (track === 'videoTrack' && !participant.isLocalParticipant) {
    const audio = figure.appendChild(document.createElement('audio'));
    unbind.push(call.bindAudioElement(audio, participant.sessionId));
  }
  return { figure, unbind: () => unbind.forEach((undo) => undo?.()) };
}
