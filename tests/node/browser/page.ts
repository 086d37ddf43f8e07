// The page that tests open in Chromium: one participant, made of Stream's own client. Tests reach it by the names below.
import { Call, StreamVideoClient } from '@stream-io/video-client';
import { captureFrames, recordAudio } from './capture';
import { render } from './render';
import { until, watch } from './until';

interface JoinOptions {
  baseUrl: string;
  apiKey: string;
  userId: string;
  token: string;
  callId: string;
  camera: boolean;
  microphone: boolean;
  /** What the camera shall be encoded with; the SFU's choice when absent. */
  videoCodec?: 'vp8' | 'vp9' | 'av1' | 'h264';
}

// The coordinator's events of the call and the states of our part in it, since the page was loaded.
const seen: { type: string }[] = [];
const states: string[] = [];

async function join(options: JoinOptions): Promise<string> {
  const client = new StreamVideoClient({
    apiKey: options.apiKey,
    user: { id: options.userId, name: options.userId },
    token: options.token,
    options: {
      baseURL: `${options.baseUrl}/video`,
      locationHintUrl: `${options.baseUrl}/`,
      logOptions: { default: { level: 'info' } },
      // What one test chose must not be the next one's default.
      devicePersistence: { enabled: false },
    },
  });
  const call = client.call('default', options.callId);
  Object.assign(window, { client, call });
  call.on('all', (event: { type: string }) => {
    seen.push(event);
  });
  call.state.callingState$.subscribe((state) => {
    states.push(state);
  });
  watch(call);
  render(call);
  // Voice processing would change what is compared.
  call.microphone.setDefaultConstraints({ echoCancellation: false, noiseSuppression: false, autoGainControl: false });
  if (options.videoCodec) call.updatePublishOptions({ preferredCodec: options.videoCodec });
  await choose(call.camera, options.camera);
  await choose(call.microphone, options.microphone);
  await call.join({ create: true });
  return call.state.localParticipant!.sessionId;
}

async function choose(device: Call['camera'] | Call['microphone'], wanted: boolean): Promise<void> {
  await (wanted ? device.enable() : device.disable());
}

Object.assign(window, { join, until, seen, states, recordAudio, captureFrames });
