import assert from 'node:assert/strict';
import type { RunView } from '../../src/contract/api/runs.js';
import type { ScheduleDetail, ScheduleView } from '../../src/contract/api/schedules.js';
import { eventually, type TestApp } from '../app/start-app.js';

export const thread = '{"isolation":"thread"}';
/** Runs until it is cancelled. */
export const endless = {
  'index.mjs': 'export default (p, { signal }) => new Promise((done) => (signal.onabort = () => done()))',
  'laneway.json': '{"isolation":"thread","timeout_ms":600000}',
};
export const echo = { 'index.mjs': 'export default (payload) => payload', 'laneway.json': thread };

/** The schedules of a server, asked for over HTTP. */
export class ScheduleServer {
  constructor(readonly server: TestApp) {}

  async ask(method: string, path: string, json?: unknown): Promise<{ status: number; body: unknown }> {
    const answer = await this.server.ask(method, `/api/v1/schedules${path}`, json === undefined ? {} : { json });
    return { status: answer.status, body: answer.status === 204 ? null : await answer.json() };
  }

  async make(wish: object): Promise<ScheduleDetail> {
    return (await this.#expect(201, 'POST', '', wish)) as ScheduleDetail;
  }

  async change(id: string, wish: object): Promise<ScheduleDetail> {
    return (await this.#expect(200, 'PUT', `/${id}`, wish)) as ScheduleDetail;
  }

  async act(id: string, action: 'pause' | 'resume'): Promise<ScheduleDetail> {
    return (await this.#expect(200, 'POST', `/${id}/${action}`)) as ScheduleDetail;
  }

  async runNow(id: string): Promise<RunView> {
    return (await this.#expect(202, 'POST', `/${id}/run`)) as RunView;
  }

  async remove(id: string): Promise<void> {
    await this.#expect(204, 'DELETE', `/${id}`);
  }

  async get(id: string): Promise<ScheduleDetail> {
    return (await this.#expect(200, 'GET', `/${id}`)) as ScheduleDetail;
  }

  async list(query = ''): Promise<ScheduleView[]> {
    return ((await this.#expect(200, 'GET', query)) as { schedules: ScheduleView[] }).schedules;
  }

  /** Resolves with the schedule when it is as the condition says. */
  until(id: string, condition: (schedule: ScheduleDetail) => boolean): Promise<ScheduleDetail> {
    return eventually(async () => {
      const schedule = await this.get(id);
      return condition(schedule) ? schedule : null;
    });
  }

  /** Every run of the function, oldest first. */
  async runs(functionName: string): Promise<RunView[]> {
    const answer = await this.server.ask('GET', `/api/v1/runs?function=${functionName}&limit=500`);
    return ((await answer.json()) as { runs: RunView[] }).runs.toReversed();
  }

  async result(runId: string): Promise<unknown> {
    return eventually(async () => {
      const answer = await this.server.ask('GET', `/api/v1/runs/${runId}/result`);
      return answer.status === 200 ? { result: await answer.json() } : null;
    }).then(({ result }) => result);
  }

  async #expect(status: number, ...asked: [method: string, path: string, json?: unknown]): Promise<unknown> {
    const answer = await this.ask(...asked);
    assert.equal(answer.status, status, `${asked[0]} ${asked[1]}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  }
}

export function codeOf(body: unknown): string {
  return (body as { error: { code: string } }).error.code;
}
