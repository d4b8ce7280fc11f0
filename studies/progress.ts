/** Cells done and the time left, on stderr: one line that is written over on a terminal, else a line now and then. */

/** Between two lines of a log. */
const LOG_EVERY_MS = 10_000;

export interface Progress {
  tick(): void;
  end(): void;
}

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  if (seconds < 90 * 60) return `${Math.ceil(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

/** The time left is that of the cells so far, as if the others were like them. */
export function createProgress(total: number): Progress {
  const startedMs = performance.now();
  const { stderr } = process;
  let done = 0;
  let saidMs = startedMs;
  return {
    tick() {
      done += 1;
      const nowMs = performance.now();
      const left = ((nowMs - startedMs) / 1000 / done) * (total - done);
      const line = `${done} of ${total} cells, ${duration(left)} left`;
      if (stderr.isTTY) stderr.write(`\r\x1b[K${line}`);
      else if (nowMs - saidMs >= LOG_EVERY_MS) {
        saidMs = nowMs;
        stderr.write(`${line}\n`);
      }
    },
    end() {
      if (stderr.isTTY && done > 0) stderr.write('\n');
    },
  };
}
