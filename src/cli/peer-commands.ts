/** Names, flags and help of the commands about one peer: peer, invite, revoke. */

import type { Command } from 'commander';
import { GrapevineError } from '../base/errors.js';
import type { CommandContext } from './command-context.js';
import { withFailureLogged } from './failure.js';
import { addOutputFlags, type Flags, repeatable, type Shell, textOf, wholeNumber } from './flags.js';
import { PEER_LISTENS, readPeerChoices } from './peer-settings.js';
import { addReachFlags, reachSchema } from './reach-flags.js';
import { readSettings, type Settings } from './settings.js';

const peerHelp = `
Examples:
  grapevine peer --create --peers 2 --topology ring     prints an invitation
  grapevine peer --invite gv-invitation...              joins, on another machine
  grapevine peer --create --open --listen /ip4/0.0.0.0/tcp/4001
  grapevine peer --join /ip4/203.0.113.5/tcp/4001/p2p/12D3KooW...
  grapevine peer --out runs/mine                        comes back after a restart,
                                       as does the first command line once more

Flags of the run (--task, --topology, --rounds, ...) go with --create; who joins
gets them from the swarm. A task of your own, or one that reads your files, is
never taken from the network: name it with --task on each device.
Who may do what, and what is not defended: docs/security.md.`;

type ContextFlags = Parameters<Shell['makeContext']>[0];

/** What peer has in common with the other commands that run something. */
export interface RunParts {
  addRunFlags(command: Command): Command;
  /** For --print-config. */
  printSettings(settings: Settings, context: CommandContext): number;
}

export function addPeer(program: Command, shell: Shell, { addRunFlags, printSettings }: RunParts): void {
  addReachFlags(addRunFlags(program.command('peer').description('run one peer, on any device')), PEER_LISTENS)
    .option('--create', 'begin a swarm, and print an invitation to it')
    .option('--open', 'with --create: let everybody join who knows an address')
    .option('--invite <invitation>', 'join by an invitation: its text, or a file with it')
    .addOption(repeatable('--join <multiaddr>', 'join through this peer; may be repeated'))
    .option('--bootstrap-list <file>', 'join through one of these peers, a multiaddr a line')
    .option('--identity <file>', 'private key, made at the first start (identity.key in the run directory)')
    .option('--index <n>', 'place in the topology (the lowest that is free)')
    .option('--allow <file>', 'let in these PeerIds, one a line, and else only who is invited')
    .option('--psk <file>', "pre-shared key of the swarm, in libp2p's format; made with --create")
    .option(
      '--invitation-out <file>',
      'where the invitation is written (invitation.txt in the run directory)',
    )
    .option('--expires <hours>', 'how long the invitation is good (168)')
    .option('--start-timeout-ms <ms>', 'how long round 1 waits for neighbors (600000)')
    .option(
      '--health-port <port>',
      'answer /healthz, /readyz and /metrics there; with an address, 0.0.0.0:9464',
    )
    .option('--stall-ms <ms>', '/healthz fails where no round ends for this long (600000)')
    .addHelpText('after', peerHelp)
    .action(async (given: Flags) => {
      const flags = given.resume === undefined ? given : { ...given, out: resumedDirectory(given) };
      const context = shell.makeContext(flags as ContextFlags);
      const choices = await readPeerChoices(flags);
      const own = [...Object.keys(reachSchema.shape), 'startTimeoutMs'];
      const rest: Flags = Object.fromEntries(Object.entries(flags).filter(([name]) => !own.includes(name)));
      const settings = await readSettings(rest, shell.environment);
      if (flags.printConfig === true) {
        shell.done(printSettings(settings, context));
        return;
      }
      const { runPeer } = await import('./peer-command.js'); // libp2p
      const { output } = context;
      shell.done(await withFailureLogged(output, settings.launch, () => runPeer(choices, settings, context)));
    });
}

/** --resume DIR is --out DIR of a peer that was there before. @throws GrapevineError BAD_USAGE */
function resumedDirectory({ resume, out }: Flags): string | undefined {
  const directory = textOf(resume);
  if (out === undefined || out === directory) return directory;
  throw new GrapevineError(
    'BAD_USAGE',
    `--resume ${directory} goes on in that directory, and --out says ${textOf(out)}: leave one of them out.`,
  );
}

export function addInvite(program: Command, { makeContext, done }: Shell): void {
  addOutputFlags(
    program.command('invite <run>').description('make another invitation to the swarm of a run directory'),
  )
    .option('--for <peerId>', 'only this peer may use it')
    .option('--index <n>', 'the place that it gives')
    .option('--expires <hours>', 'how long it is good (168)')
    .option('--identity <file>', "the founder's private key (identity.key in the run directory)")
    .option('--out <file>', 'write it there, too')
    .action(async (directory: string, flags: Flags) => {
      const { output } = makeContext(flags as ContextFlags);
      const { runInvite } = await import('./founder.js');
      const invitation = await runInvite({
        directory,
        identity: textOf(flags.identity),
        expiresHours: flags.expires === undefined ? undefined : hours(flags.expires),
        peerId: textOf(flags.for),
        index: flags.index === undefined ? undefined : wholeNumber('--index', flags.index),
        out: textOf(flags.out),
      });
      output.stdout.write(`${output.json ? JSON.stringify({ invitation }) : invitation}\n`);
      done(0);
    });
}

export function addRevoke(program: Command, { makeContext, done }: Shell): void {
  const description = 'put peers out of the swarm of a run directory, and take invitations back';
  addOutputFlags(program.command('revoke <run> <id...>').description(description))
    .option('--identity <file>', "the founder's private key (identity.key in the run directory)")
    .action(async (directory: string, ids: string[], flags: Flags) => {
      const { output } = makeContext(flags as ContextFlags);
      const { runRevoke } = await import('./founder.js');
      const revoked = await runRevoke(directory, ids, textOf(flags.identity));
      output.stdout.write(
        output.json
          ? `${JSON.stringify({ revoked })}\n`
          : `revoked: ${revoked.join(', ')}. A running peer of ${directory} tells the others.\n`,
      );
      done(0);
    });
}

function hours(value: Flags[string]): number {
  const number = Number(value);
  if (typeof value === 'string' && number > 0) return number;
  throw new GrapevineError('BAD_USAGE', `--expires ${String(value)}: wanted hours above 0.`);
}
