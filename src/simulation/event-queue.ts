/** Events by virtual time; of two at the same time the one scheduled first comes first, so runs repeat exactly. */
import TinyQueue from 'tinyqueue';

/** An event to come, and its place among those of the same time. */
export interface Scheduled<T> {
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

  /** What is still to come, in order, for a checkpoint. */
  pending(): { readonly scheduled: number; readonly events: readonly Scheduled<T>[] } {
    const events = [...this.queue.data].sort((a, b) => a.atMs - b.atMs || a.order - b.order);
    return { scheduled: this.scheduled, events };
  }

  /** Replaces what is still to come by what was pending. */
  restore({ scheduled, events }: ReturnType<EventQueue<T>['pending']>): void {
    while (this.queue.pop() !== undefined);
    for (const event of events) this.queue.push(event);
    this.scheduled = scheduled;
  }

  /** The earliest event with its time; undefined when nothing is left. */
  pop(): { readonly atMs: number; readonly event: T } | undefined {
    return this.queue.pop();
  }
}
