/** Events by virtual time; of two at the same time the one scheduled first comes first, so runs repeat exactly. */
import TinyQueue from 'tinyqueue';

interface Scheduled<T> {
  readonly atMs: number;
  readonly order: number;
  readonly event: T;
}

export class EventQueue<T> {
  private readonly queue = new TinyQueue<Scheduled<T>>([], (a, b) => a.atMs - b.atMs || a.order - b.order);
  private scheduled = 0;

  push(atMs: number, event: T): void {
    this.queue.push({ atMs, order: this.scheduled++, event });
  }

  /** The earliest event with its time; undefined when nothing is left. */
  pop(): { readonly atMs: number; readonly event: T } | undefined {
    return this.queue.pop();
  }
}
