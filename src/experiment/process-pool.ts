/**
 * Work spread over child processes, each task apart from the others: a child that throws, crashes, is killed for its
 * memory or takes too long costs the task that it had, and the next one gets a new child.
 *
 * A child (serveTasks) takes one task after another over its channel and answers each; it writes nothing. When its
 * parent is gone it goes, too, so that no process is left behind by a kill.
 */
import { type ChildProcess, fork } from 'node:child_process';
import type { Clock } from '../base/clock.js';

/** What became of a task. */
export type TaskEnd<Answer> = { readonly seconds: number } & (
  | { readonly kind: 'answer'; readonly answer: Answer }
  /** The process ended without an answer. */
  | { readonly kind: 'crash'; readonly how: string; readonly log: string }
  | { readonly kind: 'timeout'; readonly log: string }
);

export interface ChildProgram {
  readonly path: string;
  readonly args?: readonly string[];
  /** Receives what children print on stderr, besides the end of it that a crash reports. */
  onErrorOutput?(text: string): void;
}

export interface PoolInit<Task, Answer> {
  readonly workers: number;
  readonly program: ChildProgram;
  readonly clock: Clock;
  /** null: a task may take for ever. */
  readonly timeoutMs: number | null;
  /** The next task, or undefined where there is none for this worker any more. */
  next(): Promise<Task | undefined> | Task | undefined;
  begun?(task: Task): void;
  ended(task: Task, end: TaskEnd<Answer>): void;
}

export interface ProcessPool {
  /** When all workers have run out of tasks; rejects with what `next` or `ended` throws, after all children are gone. */
  readonly finished: Promise<void>;
  /** Hands out no more tasks; what runs goes on. */
  drain(): void;
  /** Kills all children; their tasks do not end. */
  abandon(): void;
}

/** The end of a child's stderr is what says why it died; V8's report of a full heap has about 3 kB. */
const LOG_BYTES = 8192;

/** One child at a time, started when there is a task for it. */
class Worker<Task, Answer> {
  private readonly init: PoolInit<Task, Answer>;
  private child: ChildProcess | null = null;
  private log = '';

  constructor(init: PoolInit<Task, Answer>) {
    this.init = init;
  }

  private start(): ChildProcess {
    const { path, args = [], onErrorOutput } = this.init.program;
    // A process group of its own: Ctrl+C in a terminal is the parent's to answer.
    const child = fork(path, [...args], {
      detached: process.platform !== 'win32',
      serialization: 'json',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    child.on('error', () => {}); // of a send to a dying child; `close` follows
    this.log = '';
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.log = (this.log + text).slice(-LOG_BYTES);
      onErrorOutput?.(text);
    });
    return child;
  }

  /** Never rejects. */
  run(task: Task): Promise<TaskEnd<Answer>> {
    const { clock, timeoutMs } = this.init;
    this.child ??= this.start();
    const child = this.child;
    const startedMs = clock.nowMs();
    const seconds = (): number => (clock.nowMs() - startedMs) / 1000;
    return new Promise((resolve) => {
      let timedOut = false;
      const onAnswer = (answer: Answer): void => settle({ kind: 'answer', answer, seconds: seconds() });
      // After its last output, so that the log is whole.
      const onClose = (code: number | null, signal: string | null): void => {
        this.child = null;
        const how = signal === null ? `exit code ${code}` : `signal ${signal}`;
        const kept = { seconds: seconds(), log: this.log };
        settle(timedOut ? { kind: 'timeout', ...kept } : { kind: 'crash', how, ...kept });
      };
      const cancel =
        timeoutMs === null
          ? () => {}
          : clock.after(timeoutMs, () => {
              timedOut = true;
              this.kill();
            });
      const settle = (end: TaskEnd<Answer>): void => {
        cancel();
        child.off('message', onAnswer).off('close', onClose);
        resolve(end);
      };
      child.on('message', onAnswer).on('close', onClose);
      child.send(task as object, () => {});
    });
  }

  /** Lets an idle child go. */
  end(): void {
    if (this.child?.connected === true) this.child.disconnect();
    this.child = null;
  }

  /** The child and what it has started. */
  kill(): void {
    const pid = this.child?.pid;
    if (pid === undefined) return;
    try {
      process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // it has just gone
    }
  }
}

export function createProcessPool<Task, Answer>(init: PoolInit<Task, Answer>): ProcessPool {
  const workers = Array.from({ length: init.workers }, () => new Worker<Task, Answer>(init));
  let draining = false;
  let abandoned = false;
  const work = async (worker: Worker<Task, Answer>): Promise<void> => {
    try {
      while (!draining) {
        const task = await init.next();
        if (task === undefined || draining) return;
        init.begun?.(task);
        const end = await worker.run(task);
        if (abandoned) return;
        init.ended(task, end);
      }
    } finally {
      worker.end();
    }
  };
  const abandon = (): void => {
    draining = true;
    abandoned = true;
    for (const worker of workers) worker.kill();
  };
  const endAtFirst = async (worker: Worker<Task, Answer>): Promise<void> => {
    try {
      await work(worker);
    } catch (error) {
      abandon();
      throw error;
    }
  };
  const settled = Promise.allSettled(workers.map(endAtFirst));
  return {
    finished: settled.then((outcomes) => {
      const failed = outcomes.find((outcome) => outcome.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    }),
    drain() {
      draining = true;
    },
    abandon,
  };
}

/** What a child process does: answers each task it is sent, and ends with its parent. */
export function serveTasks<Task, Answer>(run: (task: Task) => Promise<Answer>): void {
  process.on('disconnect', () => process.exit(0));
  process.on('message', (task: Task) => {
    run(task).then(
      (answer) => process.send?.(answer as object),
      (error: unknown) => {
        process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`, () =>
          process.exit(1),
        );
      },
    );
  });
}
