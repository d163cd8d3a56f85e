import type { ChildProcess } from 'node:child_process';

/** What node:cluster sends with a connection, and gets back when the member has it. */
interface Handover {
  act?: string;
  seq?: number;
  ack?: number;
}
interface Closable {
  close(): void;
}
type Send = (message: Handover, handle?: Closable, ...more: unknown[]) => boolean;

/**
 * Connections on their way to a member. node:cluster keeps its own copy of each until the member says it has it, and for
 * ever when the member dies first: its client would wait for an answer that nobody owes it.
 */
export class HandedConnections {
  readonly #onTheirWay = new Map<number, Closable>();

  constructor(member: ChildProcess) {
    const send = member.send.bind(member) as Send;
    const noting: Send = (message, handle, ...more) => {
      if (message.act === 'newconn' && message.seq !== undefined && handle) this.#onTheirWay.set(message.seq, handle);
      return send(message, handle, ...more);
    };
    member.send = noting as ChildProcess['send'];
    member.on('internalMessage', ({ ack }: Handover) => {
      if (ack !== undefined) this.#onTheirWay.delete(ack);
    });
  }

  /** The member has died: clients hear of it as those do whose requests it had. */
  close(): void {
    for (const handle of this.#onTheirWay.values()) handle.close();
    this.#onTheirWay.clear();
  }
}
