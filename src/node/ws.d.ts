/** What libp2p-websockets.ts uses of `ws`, which ships no types. */
declare module 'ws' {
  import type { EventEmitter } from 'node:events';

  export class WebSocket extends EventEmitter {
    constructor(url: string);
    binaryType: 'arraybuffer' | 'nodebuffer';
    terminate(): void;
  }
}
