/** The flags that say how a peer is reached, for every command that starts peers: names, help and meaning. */
import type { Command } from 'commander';
import * as z from 'zod';
import { type ReachOptions, withWebSocket } from '../node/reach.js';
import { type Flags, repeatable, textOf, wholeNumber } from './flags.js';

/** One text or several: a flag given once or more often, a list in a file, a word in the environment. */
const texts = z.union([z.string(), z.array(z.string())]).transform((value) => [value].flat());

/** The environment has only texts. */
const choice = z.union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')]);

/** As keys of a configuration; reachOf says what they come to. */
export const reachSchema = z.strictObject({
  /** Addresses that each peer listens on; port 0 takes any that is free. */
  listen: texts.default(['/ip4/127.0.0.1/tcp/0']),
  /** Addresses to announce in place of those listened on. */
  announce: texts.default([]),
  /** Addresses, with identity, of relays to be called through. */
  relay: texts.default([]),
  relayServer: choice.default(false),
  mdns: choice.default(false),
  /** Port of a WebSocket beside each TCP address; absent: none. */
  websocket: z.int().min(0).max(65_535).optional(),
});

export type ReachConfig = z.output<typeof reachSchema>;

/** @param listenDefault what the command listens on when nobody says. */
export function addReachFlags(command: Command, listenDefault: string): Command {
  return command
    .addOption(repeatable('--listen <multiaddr>', `address to listen on (${listenDefault}); may be repeated`))
    .addOption(repeatable('--announce <multiaddr>', 'address to announce in place of those; may be repeated'))
    .addOption(repeatable('--relay <multiaddr>', 'peer to be called through, behind NAT; may be repeated'))
    .option('--relay-server', 'let peers behind NAT be called through this one')
    .option('--mdns', 'find peers of the same swarm on the local network')
    .option('--websocket [port]', 'listen on WebSocket too (any free port)');
}

const listOf = (value: Flags[string]): readonly string[] =>
  typeof value === 'string' ? [value] : Array.isArray(value) ? value : [];

/** The flags' values where no configuration file has a say. @throws GrapevineError BAD_USAGE for a wrong port. */
export function readReachFlags(flags: Flags, listenDefault: string): ReachOptions {
  const { websocket } = flags;
  return reachOf({
    listen: flags.listen === undefined ? [listenDefault] : [...listOf(flags.listen)],
    announce: [...listOf(flags.announce)],
    relay: [...listOf(flags.relay)],
    relayServer: flags.relayServer === true,
    mdns: flags.mdns === true,
    ...(websocket === undefined ? {} : { websocket: websocketPort(websocket) }),
  });
}

/** --websocket without a port takes any. */
function websocketPort(value: Flags[string]): number {
  return value === true ? 0 : wholeNumber('--websocket', textOf(value));
}

/** The library's options. */
export function reachOf({
  listen,
  announce,
  relay,
  relayServer,
  mdns,
  websocket,
}: ReachConfig): ReachOptions {
  return {
    listen: websocket === undefined ? listen : withWebSocket(listen, websocket),
    announce,
    relays: relay,
    relayServer,
    mdns,
  };
}
