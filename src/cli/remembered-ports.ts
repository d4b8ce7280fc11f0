/**
 * A peer that listens on "any free port" is remembered by others with the port that it got. Started again it takes that
 * one once more, if it is still free: where a whole swarm was stopped, nobody is left to say where the others are now.
 */
import { createServer } from 'node:net';

/** /ip4/0.0.0.0/tcp/0 or with /ws behind it: the part before the port, and the part after. */
const ANY_PORT = /^(\/ip([46])\/([^/]+)\/tcp\/)0((?:\/ws)?)$/;
const OWN_PORT = /^\/ip([46])\/[^/]+\/tcp\/([1-9]\d*)((?:\/ws)?)(?:\/p2p\/[^/]+)?$/;

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** `listen` with ports in place of 0 where `before`, a peer's own multiaddrs, has one of that kind that is free. */
export async function withPortsOf(listen: readonly string[], before: readonly string[]): Promise<string[]> {
  const taken = new Set<string>();
  const found: string[] = [];
  for (const address of listen) {
    const [, head = '', version, host = '', tail = ''] = ANY_PORT.exec(address) ?? [];
    const ports = before.flatMap((own) => {
      const [, ownVersion, port = '', ownTail] = OWN_PORT.exec(own) ?? [];
      return head !== '' && ownVersion === version && ownTail === tail && !taken.has(port) ? [port] : [];
    });
    const port = ports[0];
    if (port === undefined || !(await isFree(host, Number(port)))) {
      found.push(address);
      continue;
    }
    taken.add(port);
    found.push(`${head}${port}${tail}`);
  }
  return found;
}
