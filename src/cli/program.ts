/** The command line: names, flags and help. What the commands do is in their own files. */
import { Command } from 'commander';
import { GrapevineError } from '../base/errors.js';
import { compressors } from '../compression/registry.js';
import { configHash } from '../config/verify.js';
import { algorithms } from '../consensus/registry.js';
import { jitterShapes } from '../simulation/link-model.js';
import { topologies } from '../topology/registry.js';
import { engineChoices } from '../training/engine.js';
import { optimizers } from '../training/optimizer.js';
import { partitions } from '../training/partition.js';
import { schedules } from '../training/schedule.js';
import { steppings } from '../training/stepping.js';
import { tasks } from '../training/tasks/registry.js';
import type { CommandContext } from './command-context.js';
import { type CompressFlags, runCompress } from './compress-command.js';
import { addExperiment } from './experiment-program.js';
import { withFailureLogged } from './failure.js';
import {
  addOutputFlags,
  type Flags,
  type MakeContext,
  positiveNumber,
  repeatable,
  type Shell,
  textOf,
  wholeNumber,
} from './flags.js';
import { logLevels } from './log-entry.js';
import { addDoctor, addEvaluate, addPredict } from './model-commands.js';
import { packageVersion } from './package-facts.js';
import { addInvite, addPeer, addRevoke } from './peer-commands.js';
import { addReachFlags } from './reach-flags.js';
import { resumedSettings } from './resume.js';
import { readSettings, type Settings } from './settings.js';
import { runSimulate } from './simulate-command.js';
import { runSwarm } from './swarm-command.js';
import { runTopology } from './topology-command.js';

const names = ({ entries }: { readonly entries: readonly { readonly name: string }[] }): string =>
  entries.map(({ name }) => name).join(', ');

/** How compressors are put together; not wider than 80 columns, which commander leaves to us here. */
const compositionHelp = `
Compressors can be put together:
  A+B            B encodes the numbers that A sends: low-rank:rank=8+int8
  A++B           B encodes what A left over: low-rank:rank=4++sign
  per-layer:...  by the layer's name: per-layer:dense*=low-rank:rank=4,*=int8`;

function addRunFlags(command: Command): Command {
  command
    .option('--peers <n>', 'number of peers (8)')
    .option('--topology <spec>', `who talks to whom: ${names(topologies)} (torus)`)
    .option('--algorithm <spec>', `how peers agree: ${names(algorithms)} (edge-choco)`)
    .option(
      '--compressor <spec>',
      `what travels: ${names(compressors)}, or several put together, see below (low-rank:rank=8,bits=4)`,
    )
    .option('--optimizer <spec>', `local steps: ${names(optimizers)} (qg)`)
    .option('--task <spec>', `data and model: ${names(tasks)} (mnist-mlp)`)
    .option('--partition <spec>', `who has which samples: ${names(partitions)} (iid)`)
    .option('--rounds <n>', "rounds of training and exchange (the task's)")
    .option('--local-steps <n>', "optimizer steps a round (the task's)")
    .option('--stepping <spec>', `how many of them a slow peer takes: ${names(steppings)} (fixed)`)
    .option('--batch <n>', "samples a step (the task's)")
    .option('--learning-rate <x>', "(the task's)")
    .option('--pace <name>', 'lockstep, or asynchronous: no peer waits for another (lockstep)')
    .option('--schedule <spec>', `how the learning rate goes on: ${names(schedules)} (constant)`)
    .option('--seed <n>', 'everything random follows from it (1)')
    .option('--evaluate-every <n>', 'rounds between evaluations (a twentieth of the rounds)')
    .option('--silence-ms <ms>', 'a neighbor silent for this long is left out (6000)')
    .option('--round-deadline-ms <ms>', 'a neighbor late for this long is left out (60000)')
    .option('--edge-activity <share>', 'share of the rounds in which an edge exchanges (1)')
    .option('--engine <name>', `what does the arithmetic: ${engineChoices.join(', ')} (auto)`)
    .option(
      '--data-directory <directory>',
      "this device's own data instead of a share of the task's; {peer} stands for the peer's index",
    )
    .option('--config <file>', 'YAML or JSON with the same keys in camelCase; flags win over it')
    .option('--out <directory>', 'run directory (runs/TIME-TOPOLOGY-ALGORITHM)')
    .option('--checkpoint-every <n>', 'rounds between checkpoints of the whole state (none; peer: 50)')
    .option('--keep-checkpoints <n>', 'checkpoints kept of each peer (3)')
    .option('--on-checkpoint-failure <choice>', 'continue or stop when one cannot be written (continue)')
    .option('--resume <directory>', 'go on with the run in this directory from its last checkpoint')
    .option('--log-level <level>', `what is said meanwhile: ${logLevels.join(', ')} (info)`)
    .option('--log-format <format>', 'text, or json: an object a line on stderr, for services (text)')
    .option('--print-config', 'print the resulting configuration and stop')
    .addHelpText('after', compositionHelp);
  return addOutputFlags(command);
}

function printSettings(settings: Settings, context: CommandContext): number {
  const { run, simulation, launch } = settings;
  const text = JSON.stringify({ ...run, ...simulation, ...launch, configHash: configHash(run) }, null, 2);
  context.output.stdout.write(`${text}\n`);
  return 0;
}

type SettingsRunner = (settings: Settings, context: CommandContext) => Promise<number>;

/** An action that reads settings first; --print-config stops there. */
function settingsAction({ environment, makeContext, done }: Shell, run: SettingsRunner) {
  return async (flags: Flags): Promise<void> => {
    const context = makeContext(flags as Parameters<MakeContext>[0]);
    const settings =
      typeof flags.resume === 'string'
        ? await resumedSettings(flags.resume, flags)
        : await readSettings(flags, environment);
    if (flags.printConfig === true) return done(printSettings(settings, context));
    done(await withFailureLogged(context.output, settings.launch, () => run(settings, context)));
  };
}

function addSwarm(program: Command, shell: Shell): void {
  const swarm = program.command('swarm').description('launch peers on this machine, over libp2p');
  addReachFlags(addRunFlags(swarm), '/ip4/127.0.0.1/tcp/0')
    .option('--processes <n>', 'worker processes (one a peer, up to what this machine bears)')
    .option('--restart', 'start processes that are killed again: their peers rejoin')
    .option('--start-timeout-ms <ms>', 'how long round 1 waits for links (60000)')
    .action(settingsAction(shell, runSwarm));
}

const addPeerCommand = (program: Command, shell: Shell): void =>
  addPeer(program, shell, { addRunFlags, printSettings });

function addSimulate(program: Command, shell: Shell): void {
  addRunFlags(program.command('simulate').description('the same run in one process under virtual time'))
    .option('--latency-ms <ms>', 'one-way delay of a link (0.1)')
    .option('--latency-matrix <file>', 'one-way delays between all peers, CSV or JSON, in ms (--latency-ms)')
    .option('--jitter-ms <ms>', 'extra delay, uniform from 0 to this (0)')
    .option('--jitter-shape <name>', `${jitterShapes.join(', ')}, of the same mean (uniform)`)
    .option('--bandwidth-mbps <n>', 'megabits a second of each direction of a link (1000)')
    .option('--uplink-mbps <n>', "of all that a peer sends: its links' shared capacity (no limit)")
    .option('--downlink-mbps <n>', 'of all that a peer receives (no limit)')
    .option('--framing <name>', 'what is sent around a frame: none, or tcp with noise and yamux (none)')
    .option('--loss <p>', 'probability that a frame is lost (0)')
    .option('--loss-burst <n>', 'mean length of a run of lost frames (losses are independent)')
    .option('--step-ms <ms>', 'virtual duration of a local step (3)')
    .option('--step-jitter <x>', 'how far it varies by round: deviation of its logarithm (0)')
    .addOption(
      repeatable(
        '--link <spec>',
        'of one edge, 0-1:latency=100,bandwidth=1,loss=0.02, or one peer, 3:uplink=2,downlink=20; may be repeated',
      ),
    )
    .addOption(
      repeatable(
        '--fault <spec>',
        'kill:peer=2,at=1500, freeze:peer=3,at=1500,for=2000, away:peer=3,at=1500,for=2000, slow:peer=3,factor=10, ' +
          'lie:peer=3,attack=sign-flip, stragglers:share=0.2,factor=5 or churn:up=60000,down=10000; may be repeated',
      ),
    )
    .action((flags: Flags) => {
      const { fault, link, ...rest } = flags;
      const faults = fault === undefined ? {} : { faults: fault };
      const links = link === undefined ? {} : { links: link };
      return settingsAction(shell, runSimulate)({ ...rest, ...faults, ...links });
    });
}

const topologyHelp = `
  SPEC             describes one: --svg draws it, --export prints it
  compare SPEC...  sets some side by side
  list             names all; so does no SPEC

Examples:
  grapevine topology torus --peers 16 --svg torus.svg
  grapevine topology compare ring torus random-regular:degree=4 --peers 64 \\
    --task mnist-mlp --compressor low-rank:rank=8,bits=4`;

function addTopology(program: Command, { makeContext, done }: Shell): void {
  const description = `build, describe, compare, draw and export topologies: ${names(topologies)}`;
  addOutputFlags(program.command('topology [spec...]').description(description))
    .option('--peers <n>', 'number of nodes', '8')
    .option('--seed <n>', 'seed of random families', '1')
    .option('--compressor <spec>', 'what messages are counted with', 'none')
    .option('--parameters <n>', 'size of the model whose bytes are counted: N or ROWSxCOLS', '1000x1000')
    .option('--task <spec>', 'or the task whose model is counted')
    .option('--export <format>', 'print the graph as dot, json, graphml or gexf')
    .option('--svg <file>', 'draw it, with its weights and its halves')
    .addHelpText('after', topologyHelp)
    .action(async (words: string[], flags: Flags) => {
      const choices = {
        words,
        peers: wholeNumber('--peers', flags.peers),
        seed: wholeNumber('--seed', flags.seed),
        json: flags.json === true,
        export: textOf(flags.export),
        svg: textOf(flags.svg),
        compressor: textOf(flags.compressor) ?? 'none',
        parameters: textOf(flags.parameters) ?? '',
        task: textOf(flags.task),
      };
      done(await runTopology(choices, makeContext(flags as Parameters<MakeContext>[0])));
    });
}

const compressHelp = `
Compressors: ${names(compressors).replaceAll(/(.{50,64}) /g, '$1\n  ')}
${compositionHelp}
  ef+A           what A leaves goes with the next message: ef+sign. Not in runs:
                 choco and edge-choco do so by themselves

Example:
  grapevine compress low-rank:rank=4++sign top-k:fraction=0.01+int8 \\
    --random 512x784 --spectrum power:1`;

function addCompress(program: Command, { makeContext, done }: Shell): void {
  const description = 'apply compressors to tensors: error, omega, bytes, time (all where none is named)';
  addOutputFlags(program.command('compress [spec...]').description(description))
    .option('--input <file>', 'tensors of a SafeTensors file')
    .addOption(repeatable('--random <ROWSxCOLS>', 'a random matrix; may be repeated (128x128)'))
    .option(
      '--spectrum <name>',
      'of random matrices: gaussian, or power:P for singular values q^-P',
      'gaussian',
    )
    .option('--messages <n>', 'messages from the same tensors; the last is judged, warm starts warm', '3')
    .option('--seed <n>', 'seed of matrices and of random operators', '1')
    .option('--layers', 'a line for each tensor, too')
    .option('--markdown', 'print a Markdown table')
    .addHelpText('after', compressHelp)
    .action(async (specs: string[], flags: Flags) => {
      const context = makeContext(flags as Parameters<MakeContext>[0]);
      done(await runCompress(compressFlags(specs, flags), context));
    });
}

function addReport(program: Command, { makeContext, done }: Shell): void {
  const description = 'tables and figures from the directories of runs and experiments';
  addOutputFlags(program.command('report <directory...>').description(description))
    .option('--choose <axis>', 'of an experiment: which axis to compare (compressor, else what varies)')
    .option('--margin <share>', 'of an experiment: how far below the best a cheaper choice may be (0.01)')
    .option(
      '--target <quality>',
      'of an experiment: accuracy or loss to time runs to (what half of them reach)',
    )
    .option('--markdown', 'of an experiment: print answer and results as Markdown')
    .action(async (directories: string[], flags: Flags) => {
      const choices = {
        choose: textOf(flags.choose),
        margin: positiveNumber('--margin', flags.margin),
        target: positiveNumber('--target', flags.target),
        markdown: flags.markdown === true,
      };
      const { runReport } = await import('./report-command.js'); // the plotting library
      done(await runReport(directories, choices, makeContext(flags as Parameters<MakeContext>[0])));
    });
}

/** The program; `done` receives each command's exit code. */
export function createProgram(
  environment: Shell['environment'],
  makeContext: MakeContext,
  done: (exitCode: number) => void,
): Command {
  const program = new Command('grapevine')
    .description(
      'Serverless peers train one model by gossiping low-rank, error-compensated differences over libp2p.',
    )
    .version(packageVersion)
    .showHelpAfterError('(add --help for the flags)')
    .exitOverride();
  const shell: Shell = { environment, makeContext, done };
  for (const add of [
    addSwarm,
    addPeerCommand,
    addInvite,
    addRevoke,
    addSimulate,
    addEvaluate,
    addPredict,
    addTopology,
    addCompress,
    addExperiment,
    addReport,
    addDoctor,
  ])
    add(program, shell);
  return program;
}

function compressFlags(specs: readonly string[], flags: Flags): CompressFlags {
  const messages = wholeNumber('--messages', flags.messages);
  if (messages < 1) throw new GrapevineError('BAD_USAGE', '--messages 0: wanted at least 1.');
  return {
    specs,
    input: textOf(flags.input),
    shapes: Array.isArray(flags.random) ? flags.random : ['128x128'],
    spectrum: textOf(flags.spectrum) ?? 'gaussian',
    messages,
    seed: wholeNumber('--seed', flags.seed),
    layers: flags.layers === true,
    markdown: flags.markdown === true,
    json: flags.json === true,
  };
}
