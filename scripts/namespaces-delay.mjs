/**
 * `namespaces-delay.mjs DEVICE DELAY-MS JITTER-MS`: a network device that gives back each packet later, uniformly
 * between delay - jitter and delay + jitter, for kernels without netem. socat makes the TUN device (Node cannot) and
 * turns packets into datagrams on loopback of this network namespace; here they wait. Ends with its standard input.
 */
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';

const [device, delayText, jitterText] = process.argv.slice(2);
const [delayMs, jitterMs] = [Number(delayText), Number(jitterText)];
const HERE = 7701;
const SOCAT = 7700;
/** Longest packet of the TUN device, and room. */
const BUFFER_BYTES = 65_536;

const socket = createSocket('udp4');
socket.on('message', (packet) => {
  const waitMs = delayMs + jitterMs * (2 * Math.random() - 1);
  setTimeout(() => socket.send(packet, SOCAT, '127.0.0.1'), waitMs);
});
await new Promise((resolve) => socket.bind(HERE, '127.0.0.1', resolve));
socket.setRecvBufferSize(4 * 1024 * 1024);

const socat = spawn(
  'socat',
  [
    '-b',
    String(BUFFER_BYTES),
    `TUN:10.78.0.1/24,up,iff-no-pi,tun-name=${device}`,
    `UDP4-DATAGRAM:127.0.0.1:${HERE},bind=127.0.0.1:${SOCAT}`,
  ],
  { stdio: ['ignore', 'ignore', 'inherit'] },
);
socat.on('error', () => process.exit(1));
socat.on('exit', () => process.exit(1));
process.stdin.resume().on('end', () => {
  socat.removeAllListeners('exit').kill();
  process.exit(0);
});

/** The device is there within milliseconds of socat's start. */
const probe = setInterval(() => {
  spawn('ip', ['link', 'show', device, 'up'], { stdio: 'ignore' }).on('exit', (code) => {
    if (code !== 0) return;
    clearInterval(probe);
    process.stdout.write('ready\n');
  });
}, 50);
