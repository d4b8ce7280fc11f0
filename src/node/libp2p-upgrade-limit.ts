/**
 * What a caller may send before it has proved who it is and a muxer has been chosen: some words of multistream-select and
 * two messages of noise. libp2p bounds the time for that and not the bytes: it answers each protocol that it does not
 * have, for half a minute, as fast as a caller can name them.
 */
import type { Socket } from 'node:net';
import type { MultiaddrConnection } from '@libp2p/interface';
import type { Multiaddr } from '@multiformats/multiaddr';
import { GrapevineError } from '../base/errors.js';
import { socketOf } from './libp2p-socket-bytes.js';

/** Some 2 KiB are needed; who is sure to be let in may have sent what it wants besides, before it is. */
export const UPGRADE_BYTES = 32 * 1024;

export interface UpgradeLimit {
  /** A caller's first bytes are counted from now on. */
  watch(connection: MultiaddrConnection): void;
  /** It has a muxer: libp2p-yamux-guard.ts counts. */
  done(connection: MultiaddrConnection): void;
}

/** @param onOver told about each connection that was ended, and where it came from. */
export function createUpgradeLimit(onOver: (error: GrapevineError, from: Multiaddr) => void): UpgradeLimit {
  const watches = new WeakMap<Socket, () => void>();
  return {
    watch(connection) {
      const socket = socketOf(connection);
      if (socket === undefined) return; // relayed: it has no more than a stream's window
      const look = (): void => {
        if (socket.bytesRead <= UPGRADE_BYTES) return;
        socket.off('data', look);
        const message = `a caller has sent ${socket.bytesRead} bytes without having said who it is, ${UPGRADE_BYTES} are enough.`;
        const error = new GrapevineError('RATE_LIMITED', message);
        connection.abort(error);
        onOver(error, connection.remoteAddr);
      };
      socket.on('data', look); // libp2p reads the same bytes: its listener has been there before
      watches.set(socket, look);
    },
    done(connection) {
      const socket = socketOf(connection);
      const look = socket && watches.get(socket);
      if (look !== undefined) socket?.off('data', look);
    },
  };
}
