/** A server of one file that does what is asked of it: cuts the connection, answers 404, sends other bytes. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What happens to one request. */
export type Fault =
  | { readonly kind: 'none' }
  /** Closes the connection after so many bytes of the answer. */
  | { readonly kind: 'cut'; readonly after: number }
  | { readonly kind: 'status'; readonly status: number }
  | { readonly kind: 'other-bytes' }
  /** Sends the whole file, whatever range was asked for. */
  | { readonly kind: 'no-range' };

export interface FaultyFileServer {
  readonly url: string;
  /** The Range header of each request, null where it had none. */
  readonly ranges: (string | null)[];
  stop(): Promise<void>;
}

function answer(request: IncomingMessage, response: ServerResponse, file: Uint8Array, fault: Fault): void {
  if (fault.kind === 'status') {
    response.writeHead(fault.status).end();
    return;
  }
  const asked = /^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1];
  const from = asked === undefined || fault.kind === 'no-range' ? 0 : Number(asked);
  if (from >= file.length) {
    response.writeHead(416).end();
    return;
  }
  const bytes = Buffer.from(file.subarray(from));
  if (fault.kind === 'other-bytes') bytes[0]! ^= 1;
  const headers = { 'content-length': bytes.length };
  if (from === 0) response.writeHead(200, headers);
  else
    response.writeHead(206, {
      ...headers,
      'content-range': `bytes ${from}-${file.length - 1}/${file.length}`,
    });
  if (fault.kind === 'cut') response.write(bytes.subarray(0, fault.after), () => response.destroy());
  else response.end(bytes);
}

/** Serves `file`; request k meets `faults[k]`, later ones none. */
export async function startFaultyFileServer(
  file: Uint8Array,
  faults: readonly Fault[],
): Promise<FaultyFileServer> {
  const ranges: (string | null)[] = [];
  const server = createServer((request, response) => {
    const fault = faults[ranges.length] ?? { kind: 'none' };
    ranges.push(request.headers.range ?? null);
    answer(request, response, file, fault);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/file.bin`,
    ranges,
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
