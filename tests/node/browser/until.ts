import { Call } from '@stream-io/video-client';

const lookers = new Set<() => void>();

/** Lets every change of the call's state be a moment to look at what is waited for. */
export function watch(call: Call): void {
  const look = () => lookers.forEach((ask) => ask());
  const { state, camera, microphone, screenShare } = call;
  state.callingState$.subscribe(look);
  state.participants$.subscribe(look);
  state.ownCapabilities$.subscribe(look);
  state.endedAt$.subscribe(look);
  camera.state.status$.subscribe(look);
  microphone.state.status$.subscribe(look);
  screenShare.state.status$.subscribe(look);
  call.on('all', look);
}

/** The first truthy answer of `question`, asked again at each change; fails when the time is over. */
export function until<T>(question: () => T, timeoutMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const ask = () => {
      const answer = question();
      if (!answer) return;
      done();
      resolve(answer);
    };
    const timer = setTimeout(() => {
      done();
      reject(new Error(`it never came to pass: ${question}`));
    }, timeoutMs);
    const done = () => {
      lookers.delete(ask);
      clearTimeout(timer);
    };
    lookers.add(ask);
    ask();
  });
}
