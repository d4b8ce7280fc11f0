/** What the frames of a neighbor mean to the core: the same to both drivers. */
import type { Frame } from '../wire/frame.js';
import type { Input } from './events.js';

/** null for what a driver sees to by itself: the handshake, and a goodbye. */
export function inputOf(frame: Frame, from: number): Input | null {
  switch (frame.kind) {
    case 'delta':
      return { type: 'deltaReceived', from, delta: frame.delta };
    case 'heartbeat':
      return { type: 'heartbeatReceived', from };
    case 'sync':
      return { type: 'syncReceived', from, sync: frame.sync };
    case 'model':
      return { type: 'modelReceived', from, model: frame.model };
    default:
      return null;
  }
}
