import type { RunRecord } from '../../contract/records.js';
import { messageOf } from '../../errors.js';
import { readWebhookUrl } from './check-destination.js';
import { DeliveryProblem } from './delivery-problem.js';
import { postWebhook, type WebhookAnswer, WebhookTimeout } from './post-webhook.js';
import { readRetryAfter } from './retry-plan.js';
import { webhookHeaders } from './sign-webhook.js';
import type { SilentReceivers } from './silent-receivers.js';

export interface WebhookParts {
  /** Values of secrets by name; throws when one is not there. */
  secretsFor: (names: readonly string[]) => Record<string, string>;
  silent: SilentReceivers;
  allowPrivate: boolean;
  timeoutMs: number;
  /** The server closes. */
  signal: AbortSignal;
}

/** POSTs the report of a run's end, signed when a secret is named. Rejects unless the receiver answers 2xx. */
export async function tellWebhook(
  destination: { webhook: string; secret?: string },
  { run, report }: { run: RunRecord; report: string },
  parts: WebhookParts,
): Promise<void> {
  const url = readUrl(destination.webhook, parts.allowPrivate);
  const body = Buffer.from(report);
  const message = { id: run.id, seconds: Math.floor(Date.now() / 1000), body };
  const headers = {
    ...webhookHeaders(message, secretOf(destination.secret, parts)),
    ...(run.traceparent === null ? {} : { traceparent: run.traceparent }),
  };
  judge(await ask(url, { headers, body }, parts));
}

function readUrl(text: string, allowPrivate: boolean): URL {
  try {
    return readWebhookUrl(text, allowPrivate);
  } catch (error) {
    throw new DeliveryProblem(messageOf(error), { forGood: true });
  }
}

function secretOf(name: string | undefined, { secretsFor }: WebhookParts): string | null {
  return name === undefined ? null : secretsFor([name])[name]!;
}

async function ask(
  url: URL,
  message: { headers: Record<string, string>; body: Buffer },
  { silent, allowPrivate, timeoutMs, signal }: WebhookParts,
): Promise<WebhookAnswer> {
  const { origin } = url;
  if (!silent.mayAsk(origin)) throw new DeliveryProblem(`${origin} is left alone for a while: it did not answer again and again`);
  try {
    const answer = await postWebhook({ url, ...message, allowPrivate, timeoutMs, signal });
    silent.heard(origin);
    return answer;
  } catch (error) {
    if (error instanceof WebhookTimeout) silent.silent(origin);
    else silent.heard(origin);
    throw new DeliveryProblem(`${origin} could not be reached: ${reasonOf(error)}`);
  }
}

/** Where a name has several addresses, the reasons are inside. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join(', ');
  return messageOf(error);
}

function judge({ status, retryAfter }: WebhookAnswer): void {
  if (status >= 200 && status < 300) return;
  if (status === 410) throw new DeliveryProblem('the receiver answered 410: it wants no more', { forGood: true });
  const asks = status === 429 || status === 503;
  throw new DeliveryProblem(`the receiver answered ${status}`, { askedMs: asks ? readRetryAfter(retryAfter, Date.now()) : null });
}
