import { setTimeout as sleep } from 'node:timers/promises';
import { ask } from './client.js';
import { adminKey, type Installation } from './installation.js';

/** Sync calls and followed runs, each client one after the other with a pause, beside the load of queued runs. */
export class SteadyCallers {
  answered = 0;
  followed = 0;
  readonly problems: string[] = [];
  #stopped = false;
  readonly #loops: Promise<void>[];

  constructor(private readonly installation: Installation) {
    const callers = Array.from({ length: 4 }, () => this.#again(100, () => this.#call()));
    const followers = Array.from({ length: 2 }, () => this.#again(500, () => this.#follow()));
    this.#loops = [...callers, ...followers];
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#loops);
  }

  async #again(pauseMs: number, work: () => Promise<string | null>): Promise<void> {
    while (!this.#stopped) {
      const problem = await work();
      if (problem !== null) this.problems.push(problem);
      await sleep(pauseMs);
    }
  }

  async #call(): Promise<string | null> {
    const payload = { n: this.answered, ms: 0, text: 'sync' };
    const answer = await ask(this.installation.servers[0]!, 'POST', '/function/quick', payload);
    this.answered += 1;
    return answer?.text === JSON.stringify(payload) ? null : `a sync call was answered ${answer?.status} ${answer?.text}`;
  }

  /** Starts a streaming run and reads its events to their end. */
  async #follow(): Promise<string | null> {
    const [server] = this.installation.servers;
    const body = { function: 'stream', mode: 'queued', payload: {} };
    const started = await ask(server!, 'POST', '/api/v1/runs', body);
    if (started?.status !== 202) return `a run to follow was answered ${started?.status}`;
    const { id } = JSON.parse(started.text) as { id: string };
    const headers = { authorization: `Bearer ${adminKey}` };
    const events = await fetch(`${server!.url}/api/v1/runs/${id}/events`, { headers });
    const chunks = (await events.text()).split('event: chunk').length - 1;
    this.followed += 1;
    return chunks === 10 ? null : `a followed run streamed ${chunks} of 10 values`;
  }
}
