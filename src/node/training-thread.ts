/**
 * Training off the thread of the network. A peer whose gradients take seconds must still answer heartbeats, so its
 * model and its optimizer live in a worker thread (serveTraining) and the peer holds a Trainer that asks for rounds
 * (TrainingThread). One thread serves all peers of a process, a request after another.
 *
 * Parameters cross in one vector of shared memory a peer, the slot: the peer writes where training is to start and
 * asks, the thread writes where it has ended and answers, the peer copies that to where its kernels mix it
 * (consensus/step.ts). Never do both use it at a time, since a peer asks for one round after the other. A vector anew
 * each round would leave hundreds of megabytes for the garbage collector.
 */
import { GrapevineError, isGrapevineError, messageOf } from '../base/errors.js';
import type { OptimizerState } from '../training/optimizer.js';
import type { ParameterLayout } from '../training/parameters.js';
import type { Evaluation, GradientModel, Trainer, TrainResult } from '../training/trainer.js';

/** What makes models and trainers where the thread is. */
export interface TrainingSource {
  createModel(peer: number): Promise<GradientModel>;
  createTrainer(peer: number, model: GradientModel): Trainer;
}

/** A model as the peer's side knows it. */
export interface RemoteModel {
  readonly layout: ParameterLayout;
  readonly engine: string;
  initialParameters(): Float32Array;
}

type Request =
  | { readonly type: 'open' }
  /** From the parameters in the slot, where the result comes too. */
  | { readonly type: 'train'; readonly round: number; readonly steps: number | undefined }
  | { readonly type: 'evaluate'; readonly parameters: Float32Array }
  | { readonly type: 'save' }
  | { readonly type: 'restore'; readonly state: OptimizerState }
  | { readonly type: 'close' };

type TrainOutcome = Omit<TrainResult, 'parameters'>;

interface Addressed<T> {
  readonly id: number;
  readonly peer: number;
  readonly request: T;
}

interface OpenedModel {
  readonly layout: ParameterLayout;
  readonly engine: string;
  readonly start: Float32Array;
  readonly slot: Float32Array;
}

type Answer =
  /** A sentence for the user, which nobody waits for. */
  | { readonly notice: string }
  | { readonly id: number; readonly value: unknown }
  | {
      readonly id: number;
      readonly error: { readonly code: GrapevineError['code']; readonly message: string };
    };

/** What both ends need of a port: a Worker on one side, its parent's port on the other. */
interface Port {
  postMessage(message: unknown): void;
  // biome-ignore lint/suspicious/noExplicitAny: as Node declares it, so that both kinds of port fit
  on(event: 'message', listener: (message: any) => void): unknown;
}

/** For the thread's side: hands a sentence for the user to the peers' side. */
export function noticeOn(port: Port): (sentence: string) => void {
  return (notice) => port.postMessage({ notice } satisfies Answer);
}

/** The thread's side: answers requests on `port`, in their order. */
export function serveTraining(port: Port, source: TrainingSource): void {
  const served = new Map<number, { readonly trainer: Trainer; readonly slot: Float32Array }>();
  let turn: Promise<unknown> = Promise.resolve();

  async function open(peer: number): Promise<OpenedModel> {
    const model = await source.createModel(peer);
    const trainer = source.createTrainer(peer, model);
    const start = model.initialParameters();
    const slot = new Float32Array(new SharedArrayBuffer(start.byteLength));
    served.set(peer, { trainer, slot });
    return { layout: model.layout, engine: model.engine, start, slot };
  }

  async function answer(peer: number, request: Request): Promise<unknown> {
    if (request.type === 'open') return open(peer);
    const own = served.get(peer);
    if (own === undefined) throw new Error(`peer ${peer} has no trainer in this thread`);
    switch (request.type) {
      case 'train': {
        const { parameters, ...result } = await own.trainer.train(own.slot, request.round, request.steps);
        own.slot.set(parameters);
        return result;
      }
      case 'evaluate':
        return own.trainer.evaluate(request.parameters);
      case 'save':
        return own.trainer.saveState?.();
      case 'restore':
        return own.trainer.restoreState?.(request.state);
      case 'close':
        served.delete(peer);
        return own.trainer.stop();
      default:
        return request satisfies never;
    }
  }

  port.on('message', ({ id, peer, request }: Addressed<Request>) => {
    const task = turn.then(() => answer(peer, request));
    turn = task.catch(() => undefined);
    task.then(
      (value) => port.postMessage({ id, value } satisfies Answer),
      (error: unknown) => {
        const code = isGrapevineError(error) ? error.code : 'TRAINER_FAILED';
        const message = isGrapevineError(error) ? error.message : `training failed: ${messageOf(error)}`;
        port.postMessage({ id, error: { code, message } } satisfies Answer);
      },
    );
  });
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** The peers' side of a training thread. */
export class TrainingThread {
  private readonly port: Port;
  private readonly waiting = new Map<number, Waiting>();
  private next = 0;
  private ended: Error | null = null;

  constructor(port: Port, onNotice: (sentence: string) => void) {
    this.port = port;
    port.on('message', (answer: Answer) => {
      if ('notice' in answer) {
        onNotice(answer.notice);
        return;
      }
      const waiting = this.waiting.get(answer.id);
      this.waiting.delete(answer.id);
      if ('error' in answer) waiting?.reject(new GrapevineError(answer.error.code, answer.error.message));
      else waiting?.resolve(answer.value);
    });
  }

  /** The thread is gone: what still waits for it fails with `error`, and so does what is asked for from now on. */
  fail(error: Error): void {
    this.ended ??= error;
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
  }

  private ask<T>(peer: number, request: Request): Promise<T> {
    if (this.ended !== null) return Promise.reject(this.ended);
    const id = this.next++;
    return new Promise<T>((resolve, reject) => {
      this.waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.port.postMessage({ id, peer, request } satisfies Addressed<Request>);
    });
  }

  /** Makes the model and the trainer of `peer` in the thread. @throws what making them throws */
  async open(peer: number): Promise<{ readonly model: RemoteModel; readonly trainer: Trainer }> {
    const { layout, engine, start, slot } = await this.ask<OpenedModel>(peer, { type: 'open' });
    const model = { layout, engine, initialParameters: () => start.slice() };
    const trainer: Trainer = {
      layout,
      train: async (parameters, round, steps) => {
        if (parameters !== slot) slot.set(parameters);
        const result = await this.ask<TrainOutcome>(peer, { type: 'train', round, steps });
        return { ...result, parameters: slot };
      },
      evaluate: (parameters) => this.ask<Evaluation>(peer, { type: 'evaluate', parameters }),
      saveState: () => this.ask<OptimizerState>(peer, { type: 'save' }),
      restoreState: (state) => this.ask<void>(peer, { type: 'restore', state }),
      stop: () => {
        this.ask(peer, { type: 'close' }).catch(() => {}); // a thread that is gone has nothing left to close
      },
    };
    return { model, trainer };
  }
}
